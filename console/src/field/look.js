// The colours of the field, read from the stylesheet, which is the only place that sets them.

import { stillness, theme } from '../state.js'

const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)

/**
 * @param {number} count memories drawn
 * @param {{zoom: number, width: number, height: number}} camera
 */
export function lookOf(count, { zoom, width, height }) {
  const style = getComputedStyle(document.documentElement)
  const hex = name => style.getPropertyValue(name).trim()
  // Fewer memories are drawn larger, and so are those with more space; zooming in enlarges them a little,
  // too.
  const crowd = count * (800 / Math.max(200, Math.min(width, height))) ** 2
  const few = Math.max(-0.16, 1 - Math.log10(Math.max(1, crowd)) / 4.6)
  return {
    ratio: Math.min(2, devicePixelRatio || 1),
    // Many memories overlap: each is drawn dimmer, until the user zooms in.
    dense: Math.min(1, (0.4 + 0.6 * few) * Math.max(1, zoom ** 0.6)),
    size: (2.6 + (few > 0 ? 7 : 4.5) * few) * Math.min(3, Math.max(0.8, zoom ** 0.35)),
    dark: theme.value === 'dark',
    still: stillness.value,
    young: rgb(hex('--young')), old: rgb(hex('--old')), ice: rgb(hex('--ice')), gold: rgb(hex('--gold')),
    css: { ink: hex('--ink'), ice: hex('--ice'), gold: hex('--gold'), grid: hex('--grid'), faint: hex('--faint') },
  }
}
