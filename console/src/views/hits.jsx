// The memories of the Search view: where the words stand, when each fades, and why it was found.

import { useId, useState } from 'preact/hooks'
import { count, date, decimal, plural, span } from '../format.js'
import { marked, textAt } from '../marks.js'
import { memoryHref } from '../route.js'
import { now } from '../state.js'
import { headOf } from '../title.js'

const HEAD = 170 // characters of the first line
const PLACE = 150 // and of each other place
const PLACES = 3 // other places shown

export function Hits({ found, hits, onTag }) {
  const best = Math.max(1, hits[0]?.score ?? 0)
  return (
    <>
      {found?.complete === false && <p class="note" role="status">The daemon has just started and still reads what it has: memories may be missing. This page asks again.</p>}
      {found?.meaning === 'building' && <p class="note" role="status">Meaning is still being read: until then, words alone find.</p>}
      <ol class="hits" aria-busy={found?.asking || undefined} onKeyDown={arrows}>
        {hits.map(h => <Hit key={h.memory.id} h={h} best={best} sort={found.ranked ? null : found.ask?.sort} onTag={onTag} />)}
      </ol>
    </>
  )
}

// arrows moves the focus from hit to hit, and from the first one back to the words.
function arrows(e) {
  const to = { ArrowDown: 1, ArrowUp: -1 }[e.key]
  const here = e.target.closest('.hits > li')
  if (!to || !here || e.target.closest('.scroll')) return
  e.preventDefault()
  const next = to > 0 ? here.nextElementSibling : here.previousElementSibling
  if (next) next.querySelector('a.title').focus()
  else if (to < 0) document.getElementById('q').focus()
}

function Hit({ h, best, sort, onTag }) {
  const { memory: m, matched = [] } = h
  const head = headOf(m)
  const values = matched.filter(x => !x.tag).map(x => ({ ...x, text: textAt(m.text, x.pointer) })).filter(x => x.text != null)
  const own = values.find(x => x.text.trim() === head) // the title is one of the places
  const places = values.filter(x => x !== own)
  const tags = m.tags ?? []
  const [why, setWhy] = useState(false)
  const panel = useId()
  return (
    <li>
      <a class="title" href={memoryHref(m.id)}><Marked text={own?.text ?? head.slice(0, 4 * HEAD)} ranges={own?.ranges ?? []} most={HEAD} /></a>
      {h.score !== undefined ? <Score score={h.score} best={best} /> : <Rank m={m} sort={sort} />}
      {places.slice(0, PLACES).map(x => (
        <p class="place" key={x.pointer}><code>{x.pointer || 'data'}</code> <Marked text={x.text} ranges={x.ranges} most={PLACE} /></p>
      ))}
      {places.length > PLACES && <p class="place">and in {plural(places.length - PLACES, 'other place')}</p>}
      <div class="about">
        {!(sort === 'fades' && m.fadesAt) && <Left m={m} />}
        {sort !== 'recalls' && m.accessCount > 0 && <span>{plural(m.accessCount, 'recall')}</span>}
        {sort !== 'created' && <span>created <Ago time={m.createdAt} /></span>}
        {tags.length > 0 && (
          <ul class="tags" aria-label="Tags">
            {tags.map((tag, i) => (
              <li key={tag}><button type="button" aria-label={`Only with the tag ${tag}`} onClick={() => onTag(tag)}>
                <Marked text={tag} ranges={matched.find(x => x.tag && x.pointer === `/${i}`)?.ranges ?? []} /></button></li>
            ))}
          </ul>
        )}
        {h.parts?.meaning > 0 && matched.length === 0 && <span title="It has none of the words.">found by meaning</span>}
        {h.parts && <button type="button" class="asks" aria-expanded={why} aria-controls={panel} onClick={() => setWhy(!why)}>why {h.score.toFixed(2)}</button>}
      </div>
      {why && <div id={panel} class="why"><Why h={h} /></div>}
    </li>
  )
}

function Marked({ text, ranges, most }) {
  return <>{marked(text, ranges, most).map((p, i) => (p.hit ? <mark key={i}>{p.text}</mark> : p.text))}</>
}

const Score = ({ score, best }) => (
  <p class="rank"><b>{score.toFixed(2)}</b> <span class="hidden">is its score</span><span class="bar" style={{ '--part': Math.min(1, score / best) }} /></p>
)

/** Rank is the figure by which the list is sorted. */
function Rank({ m, sort }) {
  if (sort === 'recalls') return <p class="rank">{plural(m.accessCount, 'recall')}</p>
  if (sort === 'created') return <p class="rank"><Ago time={m.createdAt} /></p>
  if (sort === 'fades') return <p class="rank">{m.fadesAt ? <Left m={m} /> : 'does not fade'}</p>
  if (sort === 'recalled') return <p class="rank"><Ago time={m.lastAccessed} /></p>
  return null
}

function Ago({ time }) {
  const s = Math.max(0, (now.value - Date.parse(time)) / 1000)
  return <time dateTime={time} title={date(time)}>{s < 60 ? 'just now' : `${span(s).split(' ').slice(0, 2).join(' ')} ago`}</time>
}

/** Left is when a memory fades, if nothing recalls it. */
function Left({ m }) {
  if (!m.fadesAt) return <span class="left keeps">{m.crystallized ? 'crystallized' : 'pinned'}: does not fade</span>
  const s = (Date.parse(m.fadesAt) - now.value) / 1000
  const kind = [m.crystallized && 'crystallized', m.pinned && 'pinned'].filter(Boolean).map(k => `, ${k}`).join('')
  return <span class="left" title={date(m.fadesAt)}>{s <= 0 ? 'fading now' : `fades in ${span(s)}`}{kind}</span>
}

const meanings = {
  words: 'how well its words match, beside the best hit', meaning: 'how near its meaning is',
  freshness: '1 − decay', strength: 'n / (n + 4), after n recalls',
}

/** Why is the arithmetic of a score. */
function Why({ h }) {
  const { weights, words, meaning, bm25 } = h.explanation
  return (
    <>
      <div class="scroll" tabindex={0} role="group" aria-label="The parts of the score">
        <table>
          <thead><tr><th scope="col">Part</th><th scope="col" class="number">Value</th><th scope="col" class="number">Weight</th><th scope="col">What it is</th></tr></thead>
          <tbody>
            {Object.entries(h.parts).map(([name, value]) => (
              <tr key={name}><th scope="row">{name}</th><td class="number">{decimal(value)}</td>
                <td class="number">{weights[name]}</td><td>{meanings[name]}{weights[name] === 0 && '; it orders hits of the same score'}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      <small>
        {words.length > 1 && `The part of words is ${words.map(w => `${decimal(w.factor, 2)} × ${w.name} ${decimal(w.value, 2)} of ${decimal(w.best, 2)}`).join(' + ')}. `}
        {meaning && `Cosine ${decimal(meaning.query, 2)} with the query, ${decimal(meaning.moved, 2)} after it was moved toward the best hits.`}
      </small>
      {bm25?.terms.length > 0 && (
        <>
          <div class="scroll" tabindex={0} role="group" aria-label="The words of the query that it has">
            <table>
              <thead><tr><th scope="col">Word</th><th scope="col" class="number">Times here</th><th scope="col" class="number">Memories with it</th>
                <th scope="col" class="number">Rarity</th><th scope="col" class="number">Adds</th></tr></thead>
              <tbody>
                {bm25.terms.map(t => (
                  <tr key={t.term}><th scope="row"><code>{t.term}</code></th><td class="number">{count(t.count)}</td><td class="number">{count(t.memories)}</td>
                    <td class="number">{decimal(t.idf, 2)}{t.weight !== 1 && ` × ${t.weight}`}</td><td class="number">{decimal(t.score, 2)}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
          <small>BM25 {decimal(bm25.terms.reduce((sum, t) => sum + t.score, 0), 2)}, in {plural(bm25.length, 'word')}; the mean of {plural(bm25.memories, 'memory', 'memories')} is {decimal(bm25.averageLength, 1)} words. Words are shown as they are compared: folded and stemmed.</small>
        </>
      )}
    </>
  )
}
