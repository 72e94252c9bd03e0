// Loads data for a view: the last answer stays visible while the next one is loading.

import { useEffect, useState } from 'preact/hooks'

/**
 * useLoad runs load(signal) when its dependencies change and, if requested, at an interval while the page is
 * visible.
 * @returns {{data: any, error: Error|null, loading: boolean, again: () => void}}
 */
export function useLoad(load, depends, every = 0) {
  const [state, set] = useState({ data: null, error: null, loading: true })
  const [turn, next] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    let timer
    const run = async () => {
      let last = false
      if (!document.hidden || !timer) {
        try {
          const data = await load(stop.signal)
          if (!stop.signal.aborted) set({ data, error: null, loading: false })
        } catch (error) {
          if (!stop.signal.aborted) set(was => ({ ...was, error, loading: false }))
          last = error.status === 404 // it will not come back
        }
      }
      if (!last && every && !stop.signal.aborted) timer = setTimeout(run, every)
    }
    set(was => ({ ...was, loading: true }))
    run()
    return () => { stop.abort(); clearTimeout(timer) }
  }, [...depends, turn])
  return { ...state, again: () => next(n => n + 1) }
}
