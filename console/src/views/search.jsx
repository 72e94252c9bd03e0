export const Search = () => <section class="page"><h1>Search</h1></section>
