// The colours of the field, read from the stylesheet, so that there is one place that sets them.

import { stillness, theme } from '../state.js'

const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16) / 255)

export function lookOf(count, zoom) {
  const style = getComputedStyle(document.documentElement)
  const hex = name => style.getPropertyValue(name).trim()
  // Fewer memories are drawn larger; looking closer grows them a little too.
  const few = Math.max(0, 1 - Math.log10(Math.max(1, count)) / 4.6)
  return {
    ratio: Math.min(2, devicePixelRatio || 1),
    // Many memories overlap: each gives less light, until one looks closer.
    dense: Math.min(1, (0.42 + 0.58 * few) * Math.max(1, zoom ** 0.6)),
    size: (2.6 + 7 * few) * Math.min(3, Math.max(0.8, zoom ** 0.35)),
    dark: theme.value === 'dark',
    still: stillness.value,
    young: rgb(hex('--young')), old: rgb(hex('--old')), ice: rgb(hex('--ice')), gold: rgb(hex('--gold')),
    css: { ink: hex('--ink'), ice: hex('--ice'), gold: hex('--gold'), grid: hex('--grid'), faint: hex('--faint') },
  }
}
