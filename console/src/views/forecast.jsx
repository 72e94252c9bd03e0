export const Forecast = () => <section class="page"><h1>Forecast</h1></section>
