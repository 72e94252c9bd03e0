import { short } from '../format.js'
import { memoryHref } from '../route.js'

/** Successor links to the memory that took the place of another one, if there is one. */
export const Successor = ({ id }) => (id ? <>{' '}<a href={memoryHref(id)}><code>{short(id)}</code></a></> : null)
