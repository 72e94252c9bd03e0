export const Activity = () => <section class="page"><h1>Activity</h1></section>
