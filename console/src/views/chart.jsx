// A plot over time: uPlot, in the colours of the page, with the newest figures next to its title.

import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { theme } from '../state.js'

/** @param {{title: string, series: {name: string, color: string}[], data: number[][], say: (v: number) => string, steps?: number[]}} props */
export function Chart({ title, series, data, say, steps }) {
  const box = useRef()
  const plot = useRef()
  useEffect(() => {
    const style = getComputedStyle(document.documentElement)
    const color = name => style.getPropertyValue(name).trim()
    const axis = { stroke: color('--dim'), font: '11px ui-sans-serif, system-ui, sans-serif', grid: { stroke: color('--grid'), width: 1 }, ticks: { show: false } }
    const p = new uPlot({
      width: box.current.clientWidth, height: 150, legend: { show: false }, padding: [8, 0, 0, 0],
      cursor: { y: false, points: { size: 5 } },
      scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.15 : 1] } },
      axes: [{ ...axis, size: 30, space: 90, values: (_, ticks) => ticks.map(t => new Date(t * 1000).toTimeString().slice(0, 8)) },
        { ...axis, size: 62, space: 34, ...(steps ? { incrs: steps } : {}), values: (_, ticks) => ticks.map(say) }],
      series: [{}, ...series.map(s => ({ stroke: color(s.color), width: 1.5, points: { show: false }, spanGaps: true }))],
    }, data, box.current)
    plot.current = p
    const size = new ResizeObserver(([e]) => p.setSize({ width: e.contentRect.width, height: 150 }))
    size.observe(box.current)
    return () => { size.disconnect(); p.destroy() }
  }, [theme.value])
  useEffect(() => { plot.current?.setData(data) }, [data])
  const last = i => data[i + 1].findLast(v => v != null)
  return (
    <figure class="chart">
      <figcaption><h2>{title}</h2>
        <span>{series.map((s, i) => <span key={s.name}><i class="swatch line" style={{ color: `var(${s.color})` }} />{s.name} <b>{last(i) == null ? '–' : say(last(i))}</b></span>)}</span></figcaption>
      <div ref={box} aria-hidden="true" />
    </figure>
  )
}
