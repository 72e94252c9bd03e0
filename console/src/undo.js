// Restores memories that were removed, and says what came of it.

import * as api from './api.js'
import { plural } from './format.js'
import { say } from './state.js'
import { restored } from './sync.js'

/** restore brings memories back, and returns whether all of them are. */
export async function restore(ids) {
  try {
    const { results } = await api.restoreMany(ids)
    for (const r of results) if (r.memory) restored(r.memory)
    const failed = results.filter(r => !r.memory)
    const back = results.length - failed.length
    if (!failed.length) say(back === 1 ? 'Restored: its decay begins anew.' : `${plural(back, 'memory', 'memories')} restored.`)
    else say(`${results.length === 1 ? 'Not restored' : `${back} restored, ${failed.length} not`}: ${failed[0].problem.detail}.`, 'bad')
    return !failed.length
  } catch (e) {
    say(e.message, 'bad')
    return false
  }
}
