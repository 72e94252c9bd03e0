// Patterns, with how close each is to crystallizing, and crystals, with their lattices.

import { useState } from 'preact/hooks'
import * as api from '../api.js'
import { patternHref } from '../ask.js'
import { count, date, decimal, plural, short } from '../format.js'
import { useLoad } from '../load.js'
import { memoryHref } from '../route.js'
import { loaded, tenant } from '../state.js'
import { Lattice } from './lattice.jsx'

const NEEDS = 0.9 // mean potential over which a pattern crystallizes,
const MEMBERS = 3 // given as many members

export function Patterns() {
  const { data, error } = useLoad(api.patterns, [tenant.value, loaded.value.complete], 5000)
  const [by, setBy] = useState('potential')
  const rows = [...(data?.patterns ?? [])].sort((a, b) => b[by] - a[by] || a.pattern - b.pattern)
  return (
    <section class="page patterns" aria-labelledby="patterns-title">
      <div class="head">
        <div><h1 id="patterns-title">Patterns</h1>
          <p class="lede">Memories of like frequency form a pattern. It crystallizes once it has {MEMBERS} members and their mean potential is over {NEEDS}.</p></div>
        <fieldset class="choice"><legend class="hidden">Sort by</legend>
          {[['potential', 'by potential'], ['members', 'by members']].map(([value, words]) => (
            <label key={value}><input type="radio" name="by" value={value} checked={by === value} onChange={() => setBy(value)} /><span>{words}</span></label>
          ))}
        </fieldset>
      </div>
      {error && <p class="problem" role="alert">{error.message}</p>}
      {data && rows.length === 0 && <p class="dim">No pattern yet: nothing is remembered.</p>}
      {rows.length > 0 && (
        <div class="scroll tall" tabindex={0} role="region" aria-label="Table of patterns">
          <table>
            <thead><tr><th scope="col">Pattern</th><th scope="col" class="number">Members</th><th scope="col" class="number">Frequency</th><th scope="col" class="number">Mean potential</th><th scope="col">Towards a crystal</th></tr></thead>
            <tbody>{rows.map(p => <Row key={p.pattern} p={p} />)}</tbody>
          </table>
        </div>
      )}
      <Crystals />
    </section>
  )
}

function Row({ p }) {
  const part = Math.min(1, p.potential / NEEDS)
  return (
    <tr>
      <td><a href={patternHref(p.pattern)}>{p.pattern}</a></td>
      <td class="number">{count(p.members)}</td><td class="number">{decimal(p.frequency, 4)}</td><td class="number">{decimal(p.potential)}</td>
      <td><span class={`bar ${p.crystallizes ? 'cool' : ''}`} style={{ '--part': part }} />
        <small>{p.crystallizes ? 'crystallizes' : p.members < MEMBERS ? `${p.members} of ${MEMBERS} members` : `${Math.floor(part * 100)} %`}</small></td>
    </tr>
  )
}

function Crystals() {
  const [pages, setPages] = useState(1)
  const { data, error } = useLoad(async signal => {
    const all = []
    let next
    for (let i = 0; i < pages && (i === 0 || next); i++) {
      const page = await api.crystals(next, signal)
      all.push(...page.crystals)
      next = page.next
    }
    return { all, next }
  }, [tenant.value, pages, loaded.value.complete])
  return (
    <section aria-labelledby="crystals-title">
      <h2 id="crystals-title">Crystals</h2>
      {error && <p class="problem" role="alert">{error.message}</p>}
      {data?.all.length === 0 && <p class="dim">None yet. What is strong enough crystallizes by itself, every few seconds.</p>}
      <ul class="crystals">
        {data?.all.map(c => (
          <li key={c.id}>
            {c.lattice ? <Lattice lattice={c.lattice} size={112} /> : <svg class="lattice" viewBox="0 0 100 100" width="112" height="112" aria-hidden="true"><path class="node" d="M50 12l33 19v38L50 88 17 69V31z" /></svg>}
            <p><b>{c.kind === 'pattern' ? `Pattern ${c.pattern}` : <a href={memoryHref(c.memory)}>Memory <code>{short(c.memory)}</code></a>}</b>
              <span class="dim">{c.kind === 'pattern' ? plural(c.members?.length ?? c.members, 'member') : `pattern ${c.pattern}`}</span>
              <span class="dim">stability {decimal(c.stabilityScore)}</span>
              <time class="dim" dateTime={c.createdAt}>{date(c.createdAt)}</time></p>
          </li>
        ))}
      </ul>
      {data?.next && <button type="button" onClick={() => setPages(pages + 1)}>More crystals</button>}
    </section>
  )
}
