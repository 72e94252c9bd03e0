// The form that encodes a memory, and the page of an empty store.

import { signal } from '@preact/signals'
import { useId, useState } from 'preact/hooks'
import * as api from '../api.js'
import { points } from '../field/points.js'
import { memoryHref, replace } from '../route.js'
import { say, tenant, warned } from '../state.js'

export function EncodePanel() {
  return (
    <article class="memory">
      <h1>Encode a memory</h1>
      <EncodeForm done={m => replace(memoryHref(m.id))} />
    </article>
  )
}

export function FirstRun() {
  return (
    <section class="page first" aria-labelledby="first-title">
      <div class="first-words">
        <h1 id="first-title">Nothing is remembered here yet</h1>
        <p class="lede">
          A memory is a piece of JSON. It fades unless it is recalled, crystallizes when it is strong, and resonates
          with its like. Encode one, and it becomes the first point of this chart.
        </p>
        <Orbit />
      </div>
      <EncodeForm done={m => (m.warnings || m.duplicateOf) && replace(memoryHref(m.id))} />
    </section>
  )
}

// An empty chart, waiting.
function Orbit() {
  const d = Array.from({ length: 160 }, (_, i) => {
    const v = i / 159
    const a = v * 2 * Math.PI * 1.618
    return `${i ? 'L' : 'M'}${(100 + 88 * v * Math.cos(a)).toFixed(1)} ${(100 - 88 * v * Math.sin(a)).toFixed(1)}`
  }).join('')
  return (
    <svg class="orbit" viewBox="0 0 200 200" aria-hidden="true">
      {[22, 44, 66, 88].map(r => <circle key={r} cx="100" cy="100" r={r} />)}
      <path d={d} />
    </svg>
  )
}

const example = '{\n  "fact": "The kettle is in the left cupboard"\n}'

// A draft is kept until it is encoded, even when another view is opened.
const blank = { data: example, ttl: '', tags: '', pinned: false }
const draft = signal(blank)

function EncodeForm({ done }) {
  const { data, ttl, tags, pinned } = draft.value
  const set = name => e => { draft.value = { ...draft.value, [name]: name === 'pinned' ? e.currentTarget.checked : e.currentTarget.value } }
  const [error, setError] = useState(null)
  const [busy, setBusy] = useState(false)
  const key = useId()

  // The browser only checks that the text is JSON, and sends it as it was typed: JSON.parse and
  // JSON.stringify would lose digits of long numbers and all but the last of repeated names.
  let fault = null
  try { JSON.parse(data) } catch (e) { fault = `This is not JSON: ${e.message}` }
  const body = bodyOf(draft.value)

  const submit = async e => {
    e.preventDefault()
    if (fault) return setError({ message: fault, field: 'data' })
    setBusy(true)
    setError(null)
    try {
      const m = await api.encode(body)
      points.put(m, true)
      draft.value = blank
      warned.value = { id: m.id, warnings: m.warnings ?? [], duplicateOf: m.duplicateOf }
      say('Encoded.')
      done(m)
    } catch (problem) { setError(problem) }
    setBusy(false)
  }

  return (
    <form class="encode" onSubmit={submit} noValidate>
      <label for={`${key}d`}>Data, as JSON</label>
      <textarea id={`${key}d`} name="data" rows={5} spellcheck={false} value={data} onInput={set('data')}
        aria-invalid={Boolean(fault)} aria-describedby={error ? `${key}e` : undefined} />
      <div class="pair">
        <div><label for={`${key}t`}>Time to live, if it has one</label>
          <input id={`${key}t`} name="ttl" placeholder="such as 36h or 7d" value={ttl} onInput={set('ttl')} autocomplete="off" /></div>
        <div><label for={`${key}g`}>Tags, between commas</label>
          <input id={`${key}g`} name="tags" placeholder="home, kitchen" value={tags} onInput={set('tags')} autocomplete="off" /></div>
      </div>
      <label class="check"><input type="checkbox" name="pinned" checked={pinned} onChange={set('pinned')} /> Pin it: it neither fades nor is evicted, but a ttl still ends it</label>
      {error && <p class="problem" role="alert" id={`${key}e`}>{error.field ? `${error.field}: ` : ''}{error.message}</p>}
      <button class="primary" type="submit" disabled={busy}>Encode memory</button>
      <h2 class="aside">The same from a shell</h2>
      <pre tabindex={0} aria-label="The same as a curl command">{curl(body)}</pre>
    </form>
  )
}

/** bodyOf returns the body of the request, with the data as it was typed. */
function bodyOf({ data, ttl, tags, pinned }) {
  const list = tags.split(',').map(t => t.trim()).filter(Boolean)
  const rest = { ttl: ttl.trim() || undefined, tags: list.length ? list : undefined, pinned: pinned || undefined }
  const others = JSON.stringify(rest).slice(1, -1)
  return `{"data":${data.trim()}${others && `,${others}`}}`
}

const quoted = text => `'${text.replaceAll("'", `'\\''`)}'`

function curl(body) {
  const head = tenant.value === 'public' ? '' : ` \\\n  -H ${quoted(`Sigil-Tenant: ${tenant.value}`)}`
  return `curl ${location.origin}/v1/sigils \\\n  -H 'Content-Type: application/json'${head} \\\n  -d ${quoted(body)}`
}
