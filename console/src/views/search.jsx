// Search: what the daemon finds for words, best first; without words, the list of memories in an order.

import { useEffect, useRef, useState } from 'preact/hooks'
import * as api from '../api.js'
import { hrefOf, idIn, kinds, listOf, nothing, readAsk, searchOf, sorts } from '../ask.js'
import { count, plural } from '../format.js'
import { replace } from '../route.js'
import { gone, recent, serverNow, stats } from '../state.js'
import { Hits } from './hits.jsx'

const PAGE = 25
const AGAIN = 1500 // ms until a search is repeated that was incomplete

export function Search() {
  const [ask, setAsk] = useState(() => readAsk(location.hash))
  const [text, setText] = useState(ask.text)
  const [found, setFound] = useState(null) // what answer returns, and {asking, error}
  const running = useRef(null)
  const asked = useRef(ask)

  // run asks for the first page, or for the one that follows what was found.
  const run = async (ask, from) => {
    running.current?.abort()
    const stop = (running.current = new AbortController())
    setFound(was => ({ ...(from ?? was), asking: true, error: null }))
    try {
      const page = await answer(ask, from, stop.signal)
      if (!stop.signal.aborted) setFound(page)
    } catch (error) {
      if (!stop.signal.aborted) setFound({ ...from, error })
    }
  }
  const change = (next, why) => {
    asked.current = next
    setAsk(next)
    setText(next.text)
    // The address changes with what is asked, unless a panel is open: it has the address then.
    if (why !== 'address' && /^#\/search/.test(location.hash)) replace(hrefOf(next))
    run(next)
  }

  useEffect(() => {
    run(ask)
    const look = () => {
      if (!/^#\/search/.test(location.hash)) return
      const next = readAsk(location.hash)
      if (hrefOf(next) !== hrefOf(asked.current)) change(next, 'address')
    }
    addEventListener('hashchange', look)
    return () => { removeEventListener('hashchange', look); running.current?.abort() }
  }, [])

  // After a start the daemon builds its index: until that is complete, the first page is asked for again.
  const missing = found?.complete === false && !found.asking && found.pages === 1
  useEffect(() => {
    if (!missing) return
    const timer = setTimeout(() => run(ask), AGAIN)
    return () => clearTimeout(timer)
  }, [found])

  const submit = e => {
    e.preventDefault()
    const tag = e.currentTarget.elements.tag.value.trim()
    e.currentTarget.elements.tag.value = ''
    change({ ...ask, text, tags: tag && !ask.tags.includes(tag) ? [...ask.tags, tag] : ask.tags })
  }
  const set = values => change({ ...ask, text, ...values })
  const hits = found?.hits?.filter(h => !gone.has(h.memory.id)) ?? []
  return (
    <section class="page search" aria-labelledby="search-title">
      <h1 id="search-title">Search</h1>
      <form role="search" onSubmit={submit}>
        <label for="q">Words, of which any may match, or what means the same</label>
        <div class="ask">
          <input id="q" type="search" value={text} onInput={e => setText(e.currentTarget.value)} onKeyDown={toHits} autocomplete="off" spellcheck={false}
            autocapitalize="off" aria-describedby="q-help" />
          <button class="primary" type="submit">Search</button>
        </div>
        <small id="q-help" class="language">
          <span><code>"a phrase"</code></span> <span><code>-without</code></span> <span><code>begin*</code></span> <span><code>/note:only there</code></span> <span><code>tag:only in tags</code></span> <span>or a whole id</span>
        </small>
        <Filters {...{ ask, text, set, hits }} />
      </form>
      <div class="status">
        <p class="found" role="status">{found && report(found, hits)}</p>
        <Since at={found?.at} again={() => run(ask)} />
      </div>
      {found?.error && (
        <p class="problem" role="alert">
          <span>{problem(found.error)}</span> {!(found.error.status < 500) && <button type="button" onClick={() => run(ask, found.hits && found)}>Try again</button>}
        </p>
      )}
      <Hits found={found} hits={hits} onTag={tag => !ask.tags.includes(tag) && set({ tags: [...ask.tags, tag] })} />
      {found?.next && !found.error && <button type="button" class="more" disabled={found.asking} onClick={() => more(run, ask, found)}>Show more</button>}
    </section>
  )
}

// more shows the next page and moves the focus to its first memory.
async function more(run, ask, found) {
  const before = document.querySelectorAll('.hits > li').length
  await run(ask, found)
  requestAnimationFrame(() => document.querySelectorAll('.hits > li')[before]?.querySelector('a').focus())
}

// toHits moves the focus from the words to the first hit; in the hits, the arrows move it on.
function toHits(e) {
  const first = document.querySelector('.hits a.title')
  if (e.key !== 'ArrowDown' || !first) return
  e.preventDefault()
  first.focus()
}

/**
 * answer asks the daemon.
 * @returns {{ask, hits, next, complete, meaning, pages, ranked, byId, at}} byId is whether the first hit has the whole id that
 *   was typed, or null if none was; at is the position in the journal before the answer, if
 *   it is known
 */
async function answer(ask, from, signal) {
  const at = from?.at ?? (stats.value && Math.max(stats.value.position, recent.value[0]?.position ?? 0))
  const { id, only } = idIn(ask.text)
  const first = id && !from ? await api.peek(id, signal).catch(e => { if (e.status === 404) return null; throw e }) : null
  const own = { ask, at, pages: (from?.pages ?? 0) + 1, byId: from ? from.byId : id && Boolean(first) }
  const known = from?.hits ?? (first ? [{ memory: first }] : [])
  const join = hits => [...known, ...hits.filter(h => !known.some(k => k.memory.id === h.memory.id))]
  if (only) return { ...own, hits: known, next: null }
  if (!ask.text.trim()) {
    const request = from?.request ?? listOf(ask, serverNow())
    const page = await api.list({ ...request, limit: PAGE, cursor: from?.next }, signal)
    return { ...own, request, hits: join(page.memories.map(memory => ({ memory }))), next: page.next }
  }
  // As a phrase, an id finds only where all of it is. As words, its parts would be found too, and one may be a plain number.
  const request = from?.request ?? searchOf(id ? { ...ask, text: `"${id}"` } : ask, serverNow())
  const page = await api.search({ ...request, limit: PAGE, ...(from?.next ? { cursor: from.next } : {}) }, signal)
  return { ...own, request, ranked: true, ...page, hits: join(page.hits), complete: page.complete && from?.complete !== false }
}

function report({ asking, ask, ranked, byId, next, error, pages }, hits) {
  if (asking && !pages) return ''
  if (asking) return 'Searching…'
  if (error && !pages) return ''
  const n = plural(hits.length, 'memory', 'memories')
  if (byId === false && !hits.length) return 'No memory has this id, or no longer.'
  if (byId) return hits.length > 1 ? `Found by its id, and ${hits.length - 1} with the id in it.` : 'Found by its id.'
  if (!hits.length) return filtered(ask) ? 'No memory matches. Fewer filters find more.' : ask.text.trim() ? 'No memory matches.' : 'Nothing is remembered here yet.'
  if (!ranked) return next ? `The first ${count(hits.length)} memories, ${sorts[ask.sort].toLowerCase()}.` : `${n}, ${sorts[ask.sort].toLowerCase()}.`
  return next ? `The best ${count(hits.length)} memories; there are more.` : `${n} found.`
}

const filtered = ask => Boolean(ask.tags.length || ask.kind || ask.fades || ask.pattern || (ask.created && ask.text.trim()))

function problem(e) {
  if (e.code === 'search_off') return 'This daemon does not search by words (--search off). Without words, this view lists memories, in any order and by tags.'
  return e.message
}

// Since says what was encoded after the answer, which does not change by itself.
function Since({ at, again }) {
  const n = at == null ? 0 : recent.value.filter(e => e.kind === 'encoded' && e.position > at).length
  if (!n) return null
  return <button type="button" class="since" onClick={again}>{count(n)} encoded since: ask again</button>
}

// Filters are shown below the words; on a narrow screen, when they are asked for.
function Filters({ ask, text, set, hits }) {
  const [open, setOpen] = useState(false)
  const words = Boolean((text || ask.text).trim())
  const tags = [...new Set(hits.flatMap(h => h.memory.tags ?? []))].filter(t => !ask.tags.includes(t)).slice(0, 50)
  return (
    <>
      <button type="button" class="filter" aria-expanded={open} aria-controls="filters" onClick={() => setOpen(!open)}>Order and filters</button>
      <div id="filters" class={`filters ${open ? 'open' : ''}`}>
        {words
          ? <Choice name="rank" label="Order" ask={ask} set={set} all={[['match', 'Best match'], ['fresh', 'Match, and fresh'], ['strong', 'Match, and recalled often']]} />
          : <Choice name="sort" label="Order" ask={ask} set={set} all={Object.entries(sorts)} />}
        <Choice name="kind" label="Kind" ask={ask} set={set} all={[['', 'Any'], ...Object.keys(kinds).map(k => [k, k[0].toUpperCase() + k.slice(1)])]} />
        <Choice name="fades" label="Fades" ask={ask} set={set} all={[['', 'Whenever'], ['1h', 'Within an hour'], ['24h', 'Within a day'], ['7d', 'Within 7 days'], ['30d', 'Within 30 days']]} />
        {words && <Choice name="created" label="Created" ask={ask} set={set} all={[['', 'Whenever'], ['1h', 'In the last hour'], ['24h', 'In the last day'], ['7d', 'In the last 7 days'], ['30d', 'In the last 30 days']]} />}
        <p><label for="tag">With the tag</label><input id="tag" name="tag" list="tags" autocomplete="off" spellcheck={false} autocapitalize="off" />
          <datalist id="tags">{tags.map(t => <option key={t} value={t} />)}</datalist></p>
      </div>
      {filtered(ask) && (
        <ul class="chosen" aria-label="Filters that apply">
          {ask.tags.map(t => <Chosen key={t} text={t} name={`tag ${t}`} off={() => set({ tags: ask.tags.filter(x => x !== t) })} />)}
          {ask.pattern && <Chosen text={`pattern ${ask.pattern}`} name={`pattern ${ask.pattern}`} off={() => set({ pattern: '' })} />}
          <li><button type="button" onClick={() => set({ ...nothing, text, sort: ask.sort, rank: ask.rank })}>Clear filters</button></li>
        </ul>
      )}
    </>
  )
}

function Choice({ name, label, ask, set, all }) {
  return (
    <p><label for={`by-${name}`}>{label}</label>
      <select id={`by-${name}`} value={ask[name]} onChange={e => set({ [name]: e.currentTarget.value })}>
        {all.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
      </select></p>
  )
}

const Chosen = ({ text, name, off }) => <li><button type="button" onClick={off} aria-label={`Remove the filter ${name}`}>{text} <span aria-hidden="true">×</span></button></li>
