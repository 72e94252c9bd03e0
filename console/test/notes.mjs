// Memories as an assistant keeps them: facts about people, decisions, tasks, errors, meetings, turns of conversations. The
// same ones for the same number.

/** seeded returns a function that returns the same numbers from 0 to 1 for the same seed. */
export function seeded(seed) {
  return () => {
    seed = (seed * 1664525 + 1013904223) >>> 0
    return seed / 2 ** 32
  }
}

const people = 'Anna Weber|Bilal Haddad|Chiara Rossi|Dmitri Orlov|Elif Kaya|Femi Adeyemi|Grace Liu|Henrik Sørensen|Inés Álvarez|Jonas Brandt|Keiko Tanaka|Liam O’Connor|Marta Nowak|Noor Rahman|Olga Petrova'.split('|')
const cities = 'Lisbon|Zürich|Kyoto|Kraków|Montréal|Nairobi|Oslo|Porto|Tallinn|Valparaíso'.split('|')
const services = 'payment-service|auth-gateway|search-indexer|mail-relay|billing-export|session-store|image-resizer|report-builder'.split('|')
const projects = 'atlas|harbor|juniper|lantern|meridian|orchard'.split('|')
const foods = 'green tea|oat milk|sourdough bread|miso soup|dark chocolate|sparkling water|espresso without sugar|peanut butter'.split('|')
const hobbies = 'bouldering|choir practice|watercolors|long-distance cycling|repairing radios|birdwatching|beekeeping|chess by mail'.split('|')
const reasons = 'the old one leaked connections under load|it halves the time of a deployment|two customers asked for it|nobody could read the logs|the license had changed|tests were flaky on slow machines'.split('|')
const errors = 'context deadline exceeded|connection refused|too many open files|checksum mismatch|permission denied|invalid cursor'.split('|')
const tools = 'PostgreSQL 16|Pebble|Redis 7.2|Kafka|nginx|systemd|Terraform 1.9|OpenTelemetry'.split('|')
const papers = 'When attention is quadratic|The log is the database|Forgetting curves, revisited|End-to-end arguments in system design|A relational model of data'.split('|')
const things = 'the spare key|the kettle|the warranty for the dishwasher|the passport|the tent|my grandmother’s recipe for dumplings|the charger of the old camera|the first-aid kit'.split('|')
const places = 'in the attic|on the balcony|in the kitchen drawer|under the stairs|in the green folder|in the car|at my sister’s'.split('|')
const near = 'behind the blue flower pot|in the box marked "misc"|third shelf from the top|wrapped in newspaper|next to the fuse box'.split('|')
const languages = [
  'Besprechung mit der Werkstatt: die Bremsen sind bestellt, Abholung am Freitag.',
  'Le dentiste préfère le matin ; rappeler après le 12 pour confirmer.',
  '東京の会議は午後三時から。資料は前日までに送る。',
  'La llave del trastero está en el cajón de la cocina, detrás de los cubiertos.',
]

/** notes returns n drafts. */
export function notes(n, seed = 7) {
  const random = seeded(seed)
  const below = most => Math.floor(random() * most)
  const of = list => list[below(list.length)]
  const day = () => `2026-${String(1 + below(12)).padStart(2, '0')}-${String(1 + below(28)).padStart(2, '0')}`
  const kinds = [
    () => { const who = of(people); return [{ fact: `${who} prefers ${of(foods)} in the morning and ${of(foods)} after lunch`, about: who }, ['person', 'preference']] },
    () => { const who = of(people); return [{ fact: `${who} lives in ${of(cities)} and spends weekends with ${of(hobbies)}`, about: who, confidence: Number((0.6 + random() * 0.4).toFixed(2)) }, ['person']] },
    () => { const p = of(projects); return [{ type: 'decision', project: p, text: `We moved ${of(services)} to ${of(tools)}, since ${of(reasons)}.`, decidedBy: of(people), date: day() }, ['decision', p]] },
    () => { const s = of(services); return [{ type: 'incident', service: s, error: of(errors), text: `${s} answered 503 for ${2 + below(40)} minutes: ${of(errors)} while it talked to ${of(tools)}. Fixed in v${1 + below(4)}.${below(20)}.${below(10)} (issue-${100 + below(900)}).`, log: `/var/log/${s}/error.log` }, ['incident', s]] },
    () => { const p = of(projects); return [{ title: `Meeting about ${p}, ${day()}`, attendees: [of(people), of(people)], notes: `They agreed to ${of(['postpone the release by a week', 'write the migration guide first', 'drop support for the old API', 'ask the customers before the change'])}. ${of(people)} takes care of ${of(services)}; ${of(people)} writes the summary. Open: whether ${of(tools)} stays.` }, ['meeting', p]] },
    () => [{ task: `${of(['Renew', 'Cancel', 'Review', 'Book', 'Prepare'])} ${of(['the passport', 'the train tickets to ' + of(cities), 'the insurance for the bicycle', 'the slides for ' + of(projects), 'the contract with ' + of(people)])}`, due: day(), done: random() < 0.3 }, ['task', random() < 0.4 ? 'urgent' : 'later']],
    () => [{ role: 'user', content: `${of(['Could you remind me where', 'I keep forgetting where', 'Please note that'])} ${of(things)} is: ${of(places)}, ${of(near)}.` }, ['conversation', 'home']],
    () => { const p = of(projects); return [{ role: 'assistant', content: `I looked at \`internal/${p}/${of(['retry', 'cursor', 'backoff', 'session'])}.go\`: the function gives up after ${2 + below(6)} attempts, and the caller treats ${of(errors)} as success. A test for it is in the branch fix/${of(services)}-${below(90)}.` }, ['conversation', 'code', p]] },
    () => [{ type: 'snippet', language: of(['go', 'sql', 'shell']), code: of(['SELECT id, created_at FROM memories WHERE tenant = $1 ORDER BY created_at DESC LIMIT 50', 'for attempt := range maxAttempts {\n\tif err := send(ctx, batch); err == nil {\n\t\treturn nil\n\t}\n}', 'journalctl -u sigil --since "1 hour ago" | grep -c timeout']), note: `From ${of(people)}, for ${of(services)}` }, ['code']],
    () => [{ title: of(papers), url: `https://papers.example.org/${1990 + below(36)}/${below(9000)}.pdf`, summary: `Argues that ${of(['the ends of a system know more than its middle', 'what is not repeated is soon lost', 'an append-only log makes every other structure a cache', 'a good index is one that can be thrown away'])}. ${of(people)} recommended it.` }, ['reading']],
    () => [{ note: of(languages) }, ['home', 'translated']],
    () => [{ weather: of(['fog', 'rain', 'sun']), city: of(cities), temperature: Number((random() * 30 - 5).toFixed(1)), date: day() }, undefined],
  ]
  return Array.from({ length: n }, () => {
    const [data, tags] = of(kinds)()
    const strong = random() < 0.01
    const part = () => Number((strong ? 0.93 + random() * 0.06 : random() * 0.85).toFixed(3))
    return {
      data, ...(tags ? { tags: [...new Set(tags)] } : {}),
      state: { phi: part(), coherence: part(), awareness: part(), emotionalResonance: part() },
      ...(random() < 0.2 ? { ttl: `${60 + below(20000)}m` } : {}), ...(random() < 0.02 ? { pinned: true } : {}),
    }
  })
}

/** remember encodes n notes for a tenant that has no memories, and recalls some of them. */
export async function remember(url, tenant, n) {
  const headers = { 'Sigil-Tenant': tenant, 'Content-Type': 'application/x-ndjson' }
  if ((await (await fetch(`${url}/v1/stats`, { headers })).json()).memories > 0) return
  const ids = []
  const all = notes(n)
  for (let i = 0; i < all.length; i += 1000) {
    const r = await fetch(`${url}/v1/sigils:batch`, { method: 'POST', headers, body: all.slice(i, i + 1000).map(d => JSON.stringify(d)).join('\n') })
    if (!r.ok) throw new Error(`batch: ${r.status} ${await r.text()}`)
    for (const line of (await r.text()).trim().split('\n')) ids.push(JSON.parse(line).memory.id)
  }
  const random = seeded(3)
  for (let i = 0; i < 300; i++) await fetch(`${url}/v1/sigils/${ids[Math.floor(random() ** 3 * ids.length)]}:recall`, { method: 'POST', headers })
}
