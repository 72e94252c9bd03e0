// What an entry of the journal means, in words.

import { date, decimal, span } from './format.js'

const list = names => (names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`)

const potential = a => `potential ${decimal(a.potential)}`

/**
 * words says what an entry means to a reader; figures says which ones to name if no other words fit. Of a corrected memory, the id
 * of the one that took its place is to follow.
 */
export function words({ kind, reason, arithmetic: a, changed, policies: p }, figures = potential) {
  switch (kind) {
    case 'restored': return 'brought back: its decay begins anew'
    case 'tagged': return 'more tags, by an encode of the same content'
    case 'corrected': return 'its place was taken by'
    case 'erased': return 'for good: nothing of its content is left'
    case 'changed': return `on request: ${list(changed ?? [])}${a ? `; ${end(a)}` : ''}`
    case 'fading': return a?.fadesAt ? `a notice: ${reason === 'ttl' ? 'its ttl ends' : 'unless it is recalled, it fades'} ${date(a.fadesAt)}` : 'a notice: it fades soon'
    case 'policy': return `of the tenant: ${p?.to ?? 'that of the daemon'}, instead of ${p?.from ?? 'that of the daemon'}`
    case 'encoded': return reason
  }
  if (!a) return reason
  if (kind === 'faded' && reason === 'decay') return `decay ${decimal(a.decay)} passed ${a.threshold} after ${span(a.idleSeconds)} idle`
  if (kind === 'faded' && reason === 'ttl') return `its ttl of ${a.ttl} ended`
  return `${reason}, ${figures(a)}`
}

const end = a => (a.fadesAt ? `it would fade ${date(a.fadesAt)}` : 'it does not fade')
