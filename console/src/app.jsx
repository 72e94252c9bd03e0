// The shell: header, navigation, the view, and the panel over it.

import { useEffect, useRef } from 'preact/hooks'
import { Field } from './field/field.jsx'
import { count } from './format.js'
import { Icon } from './icon.jsx'
import { closePanel, href, panel, view, views } from './route.js'
import { connection, holdNotice, identity, lastHeard, live, loaded, notice, now, releaseNotice, stale, tenant, theme, toggleTheme } from './state.js'
import { Activity } from './views/activity.jsx'
import { EncodePanel, FirstRun } from './views/encode.jsx'
import { Forecast } from './views/forecast.jsx'
import { MemoryPanel } from './views/memory.jsx'
import { Patterns } from './views/patterns.jsx'
import { Search } from './views/search.jsx'
import { Trash } from './views/trash.jsx'

const names = { field: 'Field', activity: 'Activity', forecast: 'Forecast', patterns: 'Patterns', search: 'Search', trash: 'Trash' }
const pages = { field: Field, activity: Activity, forecast: Forecast, patterns: Patterns, search: Search, trash: Trash }

export function App() {
  const nothing = loaded.value.complete && live.value === 0
  const Page = view.value === 'field' && nothing ? FirstRun : pages[view.value]
  useEffect(() => { document.title = `${names[view.value]} · Sigil` }, [view.value])
  const first = useRef(true)
  useEffect(() => {
    if (!first.current && !panel.value) refocus(null)
    first.current = false
  }, [view.value])
  return (
    <div class={`shell ${stale.value ? 'stale' : ''} ${panel.value ? 'open' : ''}`} data-view={view.value}>
      <a class="skip" href="#main" onClick={e => { e.preventDefault(); document.getElementById('main').focus() }}>Skip to content</a>
      <Header />
      <nav class="rail" aria-label="Views">
        {views.map(name => (
          <a key={name} href={href(name)} aria-current={view.value === name ? 'page' : undefined}>
            <Icon name={name} /><span>{names[name]}</span>
          </a>
        ))}
      </nav>
      <main id="main" tabindex={-1}><Page key={tenant.value} /></main>
      {panel.value && <Side />}
      <Notice />
    </div>
  )
}

function Notice() {
  const n = notice.value
  const act = () => { notice.value = null; refocus(null); n.act.run() }
  return (
    <div class="notice" role="status" aria-live="polite" onPointerEnter={holdNotice} onPointerLeave={releaseNotice} onFocusIn={holdNotice} onFocusOut={releaseNotice}>
      {n && <p class={n.kind}>{n.text}{n.act && <button type="button" onClick={act}>{n.act.label}</button>}</p>}
    </div>
  )
}

function Header() {
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="Sigil, to the field"><Icon name="mark" /><span>Sigil</span></a>
      <TenantBox />
      <p class="figure live-count">{count(live.value)}<span class="unit"> {live.value === 1 ? 'memory' : 'memories'}</span></p>
      <Connection />
      <div class="acts">
        <a class="button quiet" href="#/encode">Encode</a>
        <button class="icon" type="button" onClick={toggleTheme} aria-label={`Switch to the ${theme.value === 'dark' ? 'light' : 'dark'} theme`}>
          <Icon name={theme.value === 'dark' ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  )
}

function TenantBox() {
  const choose = e => {
    const name = e.currentTarget.value.trim() || 'public'
    e.currentTarget.value = name
    if (name === tenant.value) return
    tenant.value = name
    notice.value = null // what it offers is for the tenant before
    closePanel()
  }
  const who = identity.value
  return (
    <label class="tenant" title={who ? `Store ${who.store} (${who.driver})` : undefined}>
      <span>Tenant</span>
      <input value={tenant.value} onChange={choose} spellcheck={false} autocapitalize="off" autocomplete="off" size={10} maxLength={128} />
    </label>
  )
}

function Connection() {
  const { state, detail } = connection.value
  void now.value // it is counted anew each second
  const ago = Math.max(0, Math.round((Date.now() - lastHeard.value) / 1000))
  const words = { connecting: 'connecting', loading: 'loading', live: 'live', reconnecting: 'reconnecting' }
  return (
    <div class={`connection ${state}`} title={detail || undefined}>
      <i aria-hidden="true" />
      {/* The state is announced when it changes; the seconds beside it are not. */}
      <span role="status" aria-live="polite">{words[state]}</span>
      {state === 'reconnecting' && <span class="ago">{detail ? `: ${detail}` : `, last heard ${ago} s ago`}</span>}
    </div>
  )
}

/** Side is the panel: a region that takes the focus and returns it. */
function Side() {
  const ref = useRef()
  const { kind, id } = panel.value
  useEffect(() => {
    const before = document.activeElement
    const escape = e => { if (e.key === 'Escape' && !e.defaultPrevented && !document.querySelector('dialog[open]')) closePanel() }
    addEventListener('keydown', escape) // on the window, since a click into the field moves the focus
    return () => {
      removeEventListener('keydown', escape)
      refocus(before)
    }
  }, [])
  useEffect(() => { ref.current.focus({ preventScroll: true }) }, [kind, id]) // also for the next memory: the link to it is gone
  return (
    <aside class="side" aria-label={kind === 'memory' ? 'Memory' : 'Encode a memory'} tabindex={-1} ref={ref}>
      <button class="icon close" type="button" aria-label="Close the panel" onClick={closePanel}><Icon name="close" /></button>
      {kind === 'memory' ? <MemoryPanel key={id} id={id} /> : <EncodePanel />}
    </aside>
  )
}

/** refocus moves the focus back, or to the view, when the element that had it is gone and no other has taken it. */
function refocus(before) {
  requestAnimationFrame(() => {
    if (document.activeElement && document.activeElement !== document.body) return
    const there = before?.isConnected && before !== document.body && !before.closest('.side')
    ;(there ? before : document.getElementById('main')).focus({ preventScroll: true })
  })
}
