// Writes testdata/fsrs.json, what ts-fsrs computes for memories that are recalled with the grade "Good":
//
//   cd scripts/fsrs && npm ci && node vectors.mjs > ../../testdata/fsrs.json
import { Rating, createEmptyCard, default_w, forgetting_curve, fsrs } from 'ts-fsrs'
import lock from './package-lock.json' with { type: 'json' }

const day = 24 * 3600 * 1000
const noon = Date.UTC(2026, 0, 1, 12)

// history recalls a card after each of the intervals, in milliseconds, counted from start.
function history(stability, exponent, intervals, start = noon) {
  const w = [...default_w]
  w[2] = stability // after a first "Good"
  w[20] = exponent
  const scheduler = fsrs({ w })
  let at = start
  let { card } = scheduler.next(createEmptyCard(at), at, Rating.Good)
  const recalls = []
  for (const idle of intervals) {
    const retrievability = forgetting_curve(w, idle / day, card.stability)
    at += idle
    card = scheduler.next(card, at, Rating.Good).card
    recalls.push({ idleSeconds: idle / 1000, retrievability, stability: card.stability, difficulty: card.difficulty })
  }
  return { stability, exponent, recalls }
}

const days = (...n) => n.map(n => n * day)
const spaced = days(1, 3, 7, 15, 40, 100, 365, 1000)
const histories = []
for (const exponent of [0.5, 0.1542, 0.8])
  for (const stability of [0.1, 1, 4, 30, 100])
    for (const intervals of [spaced, days(0, 0, 0, 0), days(0, 1, 0, 30, 0, 0, 2), days(400, 1, 1, 1)])
      histories.push(history(stability, exponent, intervals))
histories.push(history(4, 0.5, Array(200).fill(2 * day))) // until difficulty is at its least
const curve = [0.5, 0.1542, 0.8].flatMap(exponent => [0, 1, 4, 9, 50, 1000, 36500].map(d =>
  ({ exponent, stability: 4, idleSeconds: d * day / 1000, retrievability: forgetting_curve(exponent, d, 4) })))
// Four minutes, of which two are after midnight: a day there, four minutes here.
const midnight = history(1, 0.5, [4 * 60 * 1000], Date.UTC(2026, 0, 1, 23, 58))

const lines = all => '[\n' + all.map(v => JSON.stringify(v)).join(',\n') + '\n]'
console.log(`{"source": "ts-fsrs ${lock.packages['node_modules/ts-fsrs'].version}", "curve": ${lines(curve)},
"histories": ${lines(histories)},
"midnight": ${JSON.stringify(midnight)}}`)
