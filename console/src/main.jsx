import { render } from 'preact'
import 'uplot/dist/uPlot.min.css'
import './style/base.css'
import './style/shell.css'
import './style/field.css'
import './style/views.css'
import './style/panel.css'
import './style/search.css'
import { App } from './app.jsx'
import { start } from './sync.js'

render(<App />, document.getElementById('app'))
start()
