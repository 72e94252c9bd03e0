// What the console shows is so, and what it sends is what was typed. Against a running daemon, on tenants of its own.
// usage: node test/shown.mjs http://127.0.0.1:7433

import { eventually } from './browser.mjs'
import { lives } from './lives.mjs'
import { search } from './search.mjs'
import { encode, find, focused, newTenant, newContext, recall, request, runSteps, same, sees, url, visit } from './steps.mjs'

const steps = {
  async 'what an encode warns of stays with the memory'() {
    for (const [hash, form] of [['#/', '.first'], ['#/encode', '.side']]) { // the first memory of a store, and another
      const page = await visit(newTenant(), hash)
      await page.locator(form).getByLabel('Time to live, if it has one').fill('365d')
      await page.locator(form).getByRole('button', { name: 'Encode memory' }).click()
      await sees(page, '.side .warnings', /ttl is longer than the .* that a memory lives untouched/)
      await page.locator('.side .close').click()
      await page.goto(`${url}/#/encode`)
      await page.locator('.side').getByRole('button', { name: 'Encode memory' }).click()
      await page.locator('.side .countdown').waitFor()
      await sees(page, '.side .warnings', /^The same content was there already: [0-9a-f]+…?/)
      if (/ttl/.test(await page.locator('.warnings').textContent())) throw new Error('another memory is warned of')
    }
  },

  async 'the journal says where tags came from'() {
    const tenant = newTenant()
    for (const tag of ['a', 'b']) await encode(tenant, { data: 'twice', tags: [tag], onDuplicate: 'reinforce' })
    const page = await visit(tenant, '#/activity')
    await sees(page, '.journal .tagged', /tagged.*more tags, by an encode of the same content/)
  },

  async 'what is typed is what is kept and shown'() {
    const tenant = newTenant()
    const page = await visit(tenant, '#/encode')
    const data = page.locator('.side').getByLabel('Data, as JSON')
    // What a browser's own JSON would have made something else of is left to the daemon, which says no.
    for (const [text, problem] of [['{"a": 1, "a": 2}', /twice|duplicate/i], ['{"huge": 1e400}', /beyond the range/]]) {
      await data.fill(text)
      await page.locator('.side').getByRole('button', { name: 'Encode memory' }).click()
      await sees(page, '.side [role=alert]', problem)
    }
    const text = '{"big":12345678901234567890,"price":1.10,"10":1,"9":2}'
    await data.fill(text)
    await sees(page, '.side .encode pre', text)
    await page.locator('.side').getByRole('button', { name: 'Encode memory' }).click()
    await sees(page, '.side pre', '"big": 12345678901234567890,\n  "price": 1.10,\n  "10": 1,\n  "9": 2')
    const kept = await request(tenant, 'GET', '/v1/sigils')
    if (!kept.includes(`"data":${text}`)) throw new Error(`kept: ${kept}`)
    await page.locator('.side .close').click()
    await page.getByRole('button', { name: 'List the newest memories' }).click()
    await sees(page, '.newest', '{"big":12345678901234567890')
  },

  async 'a recall elsewhere reaches an open panel'() {
    const tenant = newTenant()
    const { id } = await encode(tenant, { data: { note: 'watched' } })
    const told = []
    const context = await newContext()
    context.on('page', p => p.on('websocket', ws => ws.on('framereceived', f => { if (String(f.payload).includes('"recalled"')) told.push(String(f.payload)) })))
    const page = await visit(tenant, `#/memory/${id}`, { context })
    await sees(page, '.figures', /Recalls0/)
    for (let i = 0; i < 3; i++) await recall(tenant, id)
    await sees(page, '.figures', /Recalls3/)
    await eventually('the daemon told of it', () => told.some(t => t.includes(id) && /"accessCount":3/.test(t)))
  },

  async 'a recall is seen without being told of it'() {
    const tenant = newTenant()
    const { id } = await encode(tenant, { data: { note: 'polled' } })
    const context = await newContext()
    // As with a daemon that does not tell, such as another one on the same database.
    await context.routeWebSocket(/\/v1\/ws/, ws => { ws.connectToServer().onMessage(m => { if (!String(m).includes('"recalled"')) ws.send(m) }) })
    const page = await visit(tenant, `#/memory/${id}`, { context })
    await sees(page, '.figures', /Recalls0/)
    await recall(tenant, id)
    await sees(page, '.figures', /Recalls1/, 20_000)
  },

  async 'where a WebSocket cannot be opened, events come all the same'() {
    const tenant = newTenant()
    const { id } = await encode(tenant, { data: 1 })
    const page = await visit(tenant, `#/memory/${id}`, { init: () => {
      const Native = WebSocket
      window.WebSocket = function (address) { return new Native(address.replace('/v1/ws', '/v1/nothing')) }
    } })
    await encode(tenant, { data: 2 })
    await sees(page, '.live-count', '2 memories')
    await recall(tenant, id)
    await sees(page, '.figures', /Recalls1/)
  },

  async 'a forecast says what a policy does, and what it would come to'() {
    const tenant = newTenant()
    for (let i = 0; i < 6; i++) await encode(tenant, { data: { i }, ...(i < 2 ? { ttl: '20m' } : {}) })
    const page = await visit(tenant, '#/forecast')
    await page.getByRole('radio', { name: '1 hour' }).check()
    await page.getByRole('radio', { name: 'half-life' }).check()
    await page.getByRole('slider').fill('0')
    await sees(page, '[data-test=set]', /removes nothing by itself: 2 fade.*recalled or encoded from then on lives 4 min/)
    await sees(page, '[data-test=all]', /If every memory had it.*4 more would be lost: 6 in place of 2/)
  },

  async 'recalls are counted in Activity'() {
    const tenant = newTenant()
    const { id } = await encode(tenant, { data: 1 })
    const page = await visit(tenant, '#/activity')
    await eventually('recalls a second are over 0', async () => {
      await recall(tenant, id)
      return Number(/recalls ([\d.]+)/.exec(await page.locator('.charts').textContent())?.[1]) > 0
    }, 30_000)
  },

  async 'signed and revoked code is in the journal of Activity, and is no memory'() {
    const tenant = newTenant()
    await encode(tenant, { data: { note: 'beside' } })
    const { paths } = JSON.parse(await request(tenant, 'GET', '/openapi.json'))
    const sent = paths['/v1/code'].post.requestBody.content['application/json'].examples.header.value
    const { id, sha256 } = JSON.parse(await request(tenant, 'POST', '/v1/code', sent))
    const page = await visit(tenant, '#/activity') // which reads the entry of before
    const entry = page.locator('.journal li')
    await sees(page, '.journal li.signed', new RegExp(`signedcode ${sha256.slice(-12)}request$`))
    await request(tenant, 'DELETE', `/v1/code/${sha256}?reason=lost%20key`) // and is told of the next
    await sees(page, '.journal li.revoked', new RegExp(`revokedcode ${sha256.slice(-12)}request$`))
    same('entries', await entry.count(), 3)
    for (const kind of ['signed', 'revoked']) {
      const code = page.locator(`.journal li.${kind}`)
      same('the whole hash', await code.locator('code[title]').getAttribute('title'), sha256)
      same('links to a memory', await code.locator('a').count(), 0)
    }
    await sees(page, '.live-count', '1 memory')
    await page.goto(`${url}/#/search/${encodeURIComponent(`id:${id}`)}`)
    await sees(page, '.found', 'No memory has this id')
  },

  async 'mean vitality is of what can fade'() {
    const tenant = newTenant()
    await encode(tenant, { data: 1, pinned: true })
    const page = await visit(tenant)
    const vitality = page.locator('.reading div', { hasText: 'Mean vitality' }).locator('dd')
    await eventually('there is none', async () => (await vitality.textContent()) === '–')
    await encode(tenant, { data: 2 })
    await eventually('it is that of the one that fades', async () => (await vitality.textContent()) === '100 %')
  },

  async 'a crystallized memory with a ttl has one lifetime'() {
    const tenant = newTenant()
    const state = { phi: 0.97, coherence: 0.96, awareness: 0.95, emotionalResonance: 0.96 }
    const { id } = await encode(tenant, { data: { note: 'strong' }, state, ttl: '2h' })
    await request(tenant, 'POST', '/v1/sweeps/crystallize')
    const page = await visit(tenant, `#/memory/${id}`)
    await sees(page, '.kinds', 'crystallized')
    await sees(page, '.countdown', /^1 h 59 min.*its ttl ends it/)
    await sees(page, '.derivation', /Lives untouched2 h, until its ttl ends/)
    const all = await page.locator('.side').textContent()
    if (/without end|4 h 19|Lifetime/.test(all)) throw new Error(all)
  },

  async 'nothing of one tenant is listed under the next'() {
    const [one, next] = [newTenant(), newTenant()]
    await encode(one, { data: 'a secret of the first' })
    await encode(next, { data: 'of the second' })
    const page = await visit(one)
    await page.getByRole('button', { name: 'List the newest memories' }).click()
    await sees(page, '.newest', 'a secret')
    let release
    const held = new Promise(done => { release = done })
    await page.route(/limit=50/, async route => { await held; await route.continue() })
    await page.getByLabel('Tenant').fill(next)
    await page.keyboard.press('Enter')
    await sees(page, '.live-count', '1 memory')
    await page.locator('.newest').waitFor()
    if ((await page.locator('body').textContent()).includes('a secret')) throw new Error('it is still listed')
    release()
    await sees(page, '.newest', 'of the second')
  },

  async 'eight tabs are live at once'() {
    const tenant = newTenant()
    await encode(tenant, { data: 1 })
    const context = await newContext()
    const pages = []
    for (let i = 0; i < 8; i++) pages.push(await visit(tenant, '#/', { context }))
    await encode(tenant, { data: 2 })
    for (const page of pages) await sees(page, '.live-count', '2 memories')
    // Each at the same time: a page that waits for another's turn is not live.
    await eventually('the daemon has eight readers', async () => /^sigil_events_subscribers (\d+)$/m.exec(await request(tenant, 'GET', '/metrics'))[1] === '8')
  },

  async 'a clock that is ahead hides nothing'() {
    const tenant = newTenant()
    const { id } = await encode(tenant, { data: { note: 'short' }, ttl: '110s' })
    const page = await visit(tenant, '#/', { init: () => {
      const Native = Date
      window.Date = class extends Native {
        constructor(...of) { of.length ? super(...of) : super(Native.now() + 150_000) }
        static now() { return Native.now() + 150_000 }
      }
    } })
    let peeks = 0
    page.on('request', r => { if (r.url().endsWith(`/v1/sigils/${id}`)) peeks++ })
    for (let i = 0; i < 2; i++) await page.waitForResponse(/\/v1\/stats/)
    await page.waitForResponse(/\/v1\/stats/) // what the second look asked for has been asked for
    same('asked for what has long faded by its own clock', peeks, 0)
    await page.goto(`${url}/#/memory/${id}`)
    await sees(page, '.countdown', /^(1 min )?\d+(\.\d)? s/)
  },

  async 'Esc and Back lose nothing and open nothing again'() {
    const tenant = newTenant()
    for (const note of ['one', 'two', 'three']) await encode(tenant, { data: { note } })
    const page = await visit(tenant)
    const side = page.locator('.side')
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Search' }).click()
    await find(page, '"two"', /^1 memory found/) // a phrase: the others are near in meaning
    await page.locator('.hits a').focus()
    await page.keyboard.press('Enter')
    await side.locator('.countdown').waitFor()
    const near = side.locator('.near a').first()
    if (await near.count()) { // to another memory: the focus goes with it
      await near.focus()
      await page.keyboard.press('Enter')
      await focused(page, '.side')
    }
    await page.keyboard.press('Escape')
    await side.waitFor({ state: 'detached' })
    await focused(page, '.hits a')
    await eventually('the address is that of the search', () => page.url().endsWith('#/search/%22two%22'))
    same('hits', await page.locator('.hits li').count(), 1)
    await page.goBack()
    same('a panel', await side.count(), 0)

    // A draft outlives Esc, Back and another view.
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Patterns' }).click()
    await page.getByRole('link', { name: 'Encode', exact: true }).click()
    await side.getByLabel('Data, as JSON').fill('{"draft": "mine"')
    await page.keyboard.press('Escape')
    await side.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Encode', exact: true }).click()
    same('the draft', await side.getByLabel('Data, as JSON').inputValue(), '{"draft": "mine"')
    await page.goBack()
    await side.waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Encode', exact: true }).click()
    await side.getByLabel('Data, as JSON').fill('{"draft": "mine"}')
    await side.getByRole('button', { name: 'Encode memory' }).click()
    await sees(page, '.side h1', 'mine')
    // Esc closes wherever the focus is, and Back from there opens neither memory nor form.
    await page.getByLabel('Tenant').focus()
    await page.keyboard.press('Escape')
    await side.waitFor({ state: 'detached' })
    await page.goBack()
    same('a panel', await side.count(), 0)
    same('the address', new URL(page.url()).hash, '#/')
    await page.getByRole('link', { name: 'Encode', exact: true }).click()
    if ((await side.getByLabel('Data, as JSON').inputValue()).includes('draft')) throw new Error('what was encoded is still a draft')

    // A panel that the page began with has nothing of the page's to go back to.
    const { id } = await encode(tenant, { data: { note: 'four' } })
    await page.goto('about:blank')
    await page.goto(`${url}/#/memory/${id}`)
    await sees(page, '.side h1', 'four')
    await side.getByRole('button', { name: 'Forget' }).click()
    await page.getByRole('button', { name: 'Forget it' }).click()
    await side.waitFor({ state: 'detached' })
    await focused(page, '#main')
    same('the address', new URL(page.url()).hash, '#/')
  },
}

runSteps({ ...steps, ...search, ...lives })
