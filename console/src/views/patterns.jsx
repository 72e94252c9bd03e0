export const Patterns = () => <section class="page"><h1>Patterns</h1></section>
