// The steps of shown.mjs about search and the list of memories.

import { eventually } from './browser.mjs'
import { remember } from './notes.mjs'
import { encode, find, focused, newTenant, recall, request, same, sees, url, visit, words } from './steps.mjs'

export const search = {
  async 'search finds what is typed, and no more what is forgotten'() {
    const tenant = newTenant()
    const chat = await encode(tenant, { data: { role: 'user', content: 'The kettle is in the left cupboard' }, tags: ['two words'] })
    await encode(tenant, { data: { note: 'left of the cupboard' } })
    const page = await visit(tenant, '#/search')
    await find(page, '"left cupboard"', /^1 memory found/)
    await find(page, 'left cupboards', /^2 memories found/)
    await find(page, 'left -kettle', /^1 memory found/)
    await find(page, '/note:left', /^1 memory found/)
    await find(page, 'kett*', /^1 memory found/)
    await find(page, 'tag:"two words"', /^1 memory found/)
    await page.locator('.hits a').click()
    await sees(page, '.side h1', 'The kettle is in the left cupboard')
    await page.locator('.side .tags a').click()
    await sees(page, '.found', /^1 memory, newest first/)
    same('the box', await words(page).inputValue(), '')
    await sees(page, '.chosen', 'two words')
    await request(tenant, 'DELETE', `/v1/sigils/${chat.id}`)
    await sees(page, '.found', /^No memory matches/)
    same('hits', await page.locator('.hits > li').count(), 0)
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await sees(page, '.found', /^1 memory, newest first/)
    await find(page, 'kettle', /^No memory matches/)
  },

  async 'search finds by a whole id, however old'() {
    const tenant = newTenant()
    const first = await encode(tenant, { data: { note: 'the oldest of all' } })
    for (let i = 0; i < 3; i++) {
      await request(tenant, 'POST', '/v1/sigils:batch', Array.from({ length: 7000 }, (_, n) => `{"data":${n}}`).join('\n'), 'application/x-ndjson')
    }
    await encode(tenant, { data: `${first.id.split('-')[1]} is a part of its id` })
    const page = await visit(tenant, `#/search/${encodeURIComponent(`id:${first.id}`)}`)
    await sees(page, '.found', 'Found by its id')
    await sees(page, '.hits', 'the oldest of all')
    await find(page, first.id, /^Found by its id\.$/)
    await find(page, 'oldest', /^1 memory found/)
    await encode(tenant, { data: { see: first.id } })
    await find(page, first.id, /^Found by its id, and 1 with the id in it/)
    await sees(page, '.hits mark', first.id)
    await find(page, 'id:00000000-0000-7000-8000-000000000000', 'No memory has this id')
  },

  async 'a hit shows where its words stand, why it was found, and when it fades'() {
    const tenant = newTenant()
    const text = `🫖 ${'Nothing to see here. '.repeat(20)}The green tea is in the attic, beside more tea.`
    await encode(tenant, { data: { text, deep: [{ n: 12345678901234567890n.toString() }, 'tea, too'], price: 42 }, tags: ['tea time', 'other'], ttl: '2h' })
    await encode(tenant, { data: { note: 'coffee' }, pinned: true })
    const page = await visit(tenant, '#/search/teas%20attic')
    const hit = page.locator('.hits > li').first()
    await sees(page, '.found', /^2 memories found/)
    same('marked in the title', (await hit.locator('.title mark').allTextContents()).join(), 'tea,attic,tea')
    await sees(page, '.hits > li:first-child .title', /^….*The green tea is in the attic, beside more tea\.$/)
    await sees(page, '.place', /^\/deep\/1 tea, too$/)
    same('marked in tags', (await hit.locator('.tags mark').allTextContents()).join(), 'tea')
    await sees(page, '.hits > li:first-child .left', /^fades in 1 h 59 min$/)
    await page.getByRole('button', { name: /^why [01]\.\d\d$/ }).first().click()
    await sees(page, '.why tbody tr', /words[01]\.\d{3}0\.65/)
    await sees(page, '.why tbody tr', /meaning[01]\.\d{3}0\.35/)
    await sees(page, '.why', /× near .* \+ 0\.29 × pairs .* Cosine 0\.\d\d with the query/)
    await sees(page, '.why tbody tr', /freshness(1\.000|0\.999)0/)
    const { hits: [{ explanation }] } = JSON.parse(await request(tenant, 'POST', '/v1/sigils:search', { query: 'teas attic', explain: true }))
    for (const t of explanation.bm25.terms) await sees(page, '.why tbody', new RegExp(`${t.term}${t.count}${t.memories}${t.idf.toFixed(2)}${t.score.toFixed(2)}`))
    await encode(tenant, { data: { note: 'a hot beverage' } })
    await find(page, 'tea', /^[23] memories found/)
    same('which have none of the words', [...new Set((await page.locator('.hits .about').allTextContents()).map((text, i) => (i > 0) === /found by meaning/.test(text)))].join(), 'true')
    await find(page, '12345678901234567890', /^1 memory found/)
    await sees(page, '.place', '/deep/0/n 12345678901234567890')
    await find(page, 'coffee', /^[23] memories found/)
    await sees(page, '.hits > li:first-child .left', /^pinned: does not fade$/)
  },

  async 'filters, weights and pages of a search'() {
    const tenant = newTenant()
    const drafts = Array.from({ length: 60 }, (_, i) => JSON.stringify({ data: { note: `tea number ${i}` }, tags: [i < 40 ? 'many' : 'few'], ...(i < 3 ? { pinned: true } : {}), ...(i > 56 ? { ttl: '20m' } : {}) }))
    await request(tenant, 'POST', '/v1/sigils:batch', drafts.join('\n'), 'application/x-ndjson')
    const page = await visit(tenant, '#/search')
    const hits = page.locator('.hits > li')
    await find(page, 'tea', /^The best 25 memories; there are more/)
    await page.getByRole('button', { name: 'Show more' }).click()
    await sees(page, '.found', /^The best 50 memories; there are more/)
    await eventually('the focus is on the first new hit', () => page.evaluate(() => document.activeElement === document.querySelectorAll('.hits > li')[25].querySelector('a')))
    await page.getByRole('button', { name: 'Show more' }).click()
    await sees(page, '.found', /^60 memories found/)
    same('different memories', new Set(await page.locator('.hits a').evaluateAll(all => all.map(a => a.href))).size, 60)
    await page.getByRole('button', { name: 'Only with the tag few' }).first().click()
    await sees(page, '.found', /^20 memories found/)
    await eventually('the address', () => page.url().endsWith('#/search/tea?tag=few'))
    await page.getByLabel('Fades', { exact: true }).selectOption('1h')
    await sees(page, '.found', /^3 memories found/)
    await page.getByLabel('Kind').selectOption('pinned')
    await sees(page, '.found', /^No memory matches\. Fewer filters/)
    await page.reload()
    await sees(page, '.found', /^No memory matches/)
    same('the box', await words(page).inputValue(), 'tea')
    await page.getByRole('button', { name: 'Remove the filter tag few' }).click()
    await page.getByLabel('Fades', { exact: true }).selectOption('')
    await sees(page, '.found', /^3 memories found/)
    await page.getByLabel('Created').selectOption('1h')
    await sees(page, '.found', /^3 memories found/)
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await sees(page, '.found', /^The best 25/)
    await page.getByLabel('With the tag', { exact: true }).fill('few')
    await page.keyboard.press('Enter')
    await sees(page, '.found', /^20 memories found/)
    // Recalls count only with a weight; the score is then the sum of the parts.
    const last = JSON.parse(await request(tenant, 'POST', '/v1/sigils:search', { query: 'tea', tags: ['few'], limit: 100 })).hits.at(-1).memory
    for (let i = 0; i < 4; i++) await recall(tenant, last.id)
    await page.getByLabel('Order').selectOption('strong')
    await eventually('the recalled one is first', async () => /1\.[12]\d/.test(await hits.first().textContent()) && (await hits.first().textContent()).includes(last.data.note))
    await sees(page, '.hits > li:first-child', '4 recalls')
  },

  async 'the list has every order, and tags'() {
    const tenant = newTenant()
    const a = await encode(tenant, { data: { note: 'a' }, ttl: '3h', tags: ['x', 'y'] })
    const b = await encode(tenant, { data: { note: 'b' }, ttl: '1h', tags: ['x'] })
    const c = await encode(tenant, { data: { note: 'c' }, tags: ['y'] })
    await recall(tenant, b.id)
    await recall(tenant, b.id)
    await recall(tenant, a.id)
    const page = await visit(tenant, '#/search')
    const order = want => eventually(`the order is ${want}`, async () => (await page.locator('.hits .title').allTextContents()).join('') === want && !(await page.locator('.hits[aria-busy]').count()))
    await order('cba')
    for (const [sort, want] of [['fades', 'bac'], ['recalled', 'abc'], ['recalls', 'bac'], ['created', 'cba']]) {
      await page.getByLabel('Order').selectOption(sort)
      await order(want)
    }
    await sees(page, '.hits > li:first-child .left', /^fades in/)
    await page.getByRole('button', { name: 'Only with the tag x' }).first().click()
    await order('ba')
    await page.getByRole('button', { name: 'Only with the tag y' }).click()
    await order('a')
    // What is encoded meanwhile is said, and shown when asked for.
    await encode(tenant, { data: { note: 'd' }, tags: ['x', 'y'] })
    await page.getByRole('button', { name: '1 encoded since: ask again' }).click()
    await order('da')
    same('what was said of it', await page.locator('.since').count(), 0)
    void c
  },

  async 'a pattern links to its memories'() {
    const tenant = newTenant()
    const { pattern } = await encode(tenant, { data: { note: 'of a pattern' } })
    const page = await visit(tenant, '#/patterns')
    await page.locator('.patterns tbody a').first().click()
    await sees(page, '.chosen', `pattern ${pattern}`)
    await sees(page, '.hits', 'of a pattern')
  },

  async 'search says that it is incomplete, switched off, or has failed, and what meaning does'() {
    const tenant = newTenant()
    for (const note of ['tea', 'more tea']) await encode(tenant, { data: { note } })
    const page = await visit(tenant, '#/search')
    let change
    let asked = 0
    await page.route(/:search/, async route => { asked++; await change(route) })
    const altered = f => async route => { const answer = await route.fetch(); await route.fulfill({ response: answer, json: f(await answer.json()) }) }
    change = altered(found => ({ ...found, hits: found.hits.slice(0, 1), complete: asked > 2 }))
    await find(page, 'tea', /^1 memory found/)
    await sees(page, '.note', /memories may be missing/)
    await eventually('it asks again until all is searched', async () => asked === 3 && (await page.locator('.note').count()) === 0)

    change = altered(found => ({ ...found, meaning: 'building' }))
    await find(page, 'tea', /^2 memories found/)
    await sees(page, '.note', /words alone find/)
    change = altered(found => ({ ...found, meaning: 'ready', hits: found.hits.map(h => ({ ...h, parts: { ...h.parts, meaning: 0.625 } })) }))
    await find(page, 'tea', /^2 memories found/)
    await eventually('nothing is missing', async () => (await page.locator('.note').count()) === 0)
    await page.getByRole('button', { name: /^why/ }).first().click()
    await sees(page, '.why tbody tr', /meaning0\.625/)

    change = route => route.fulfill({ status: 409, contentType: 'application/problem+json', json: { status: 409, code: 'search_off', detail: 'search is switched off here' } })
    await find(page, 'tea', /^$/)
    await sees(page, '[role=alert]', /does not search by words/)
    change = route => route.fulfill({ status: 503, contentType: 'application/problem+json', json: { status: 503, code: 'unavailable', detail: 'the store is busy' } })
    await find(page, 'tea', /^$/)
    await sees(page, '[role=alert]', 'the store is busy')
    same('hits beside a failure', await page.locator('.hits > li').count(), 0)
    change = route => route.continue()
    await page.getByRole('button', { name: 'Try again' }).click()
    await sees(page, '.found', /^2 memories found/)
    await find(page, '-a '.repeat(33), /^$/)
    await sees(page, '[role=alert]', /more than 32 clauses/)
    await find(page, '', /^2 memories, newest first/)
  },

  async 'search by the keyboard alone'() {
    const tenant = newTenant()
    for (const note of ['tea one', 'tea two', 'tea three']) await encode(tenant, { data: { note }, tags: ['drink'] })
    const page = await visit(tenant, '#/search')
    await page.locator('.found').waitFor()
    for (let i = 0; i < 30 && !(await page.evaluate(() => document.activeElement.id === 'q')); i++) await page.keyboard.press('Tab')
    await page.keyboard.type('tea')
    await page.keyboard.press('Enter')
    await sees(page, '.found', /^3 memories found/)
    const at = n => eventually(`the focus is on hit ${n}`, () => page.evaluate(i => document.activeElement === document.querySelectorAll('.hits a.title')[i], n))
    await page.keyboard.press('ArrowDown')
    await at(0)
    await page.keyboard.press('ArrowDown')
    await at(1)
    await page.keyboard.press('Enter')
    await page.locator('.side .countdown').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.side').waitFor({ state: 'detached' })
    await at(1)
    await page.keyboard.press('Tab') // its tag
    await page.keyboard.press('Tab') // why
    await page.keyboard.press('Enter')
    await page.locator('.why table').first().waitFor()
    await page.keyboard.press('ArrowUp')
    await at(0)
    await page.keyboard.press('ArrowUp')
    await focused(page, '#q')
  },

  async '3,000 memories as an assistant keeps them are found, on any screen'() {
    const tenant = newTenant()
    await remember(url, tenant, 3000)
    const page = await visit(tenant, '#/search')
    for (const query of ['payment-service deadline', '"in the attic"', 'Sørensen', 'oslo', 'issue-316', 'retry.go', '会議', 'where is the kettle?']) {
      const { hits } = JSON.parse(await request(tenant, 'POST', '/v1/sigils:search', { query, limit: 25 }))
      if (!hits.length) throw new Error(`${query} finds nothing`)
      await words(page).fill(query)
      await page.keyboard.press('Enter')
      await eventually(`${query} shows what the daemon found`, async () => (await page.locator('.hits a').evaluateAll(all => all.map(a => a.href.slice(-36)))).join() === hits.map(h => h.memory.id).join())
      same(`hits of ${query} without a mark`, await page.locator('.hits > li:not(:has(mark))').count(), 0)
    }
    for (const width of [320, 390, 800, 1440]) {
      await page.setViewportSize({ width, height: 800 })
      const [has, shows] = await page.evaluate(() => [document.getElementById('main').scrollWidth, document.getElementById('main').clientWidth])
      if (has > shows) throw new Error(`at ${width} px, ${has} px of ${shows} are needed`)
    }
    await page.setViewportSize({ width: 390, height: 800 })
    await page.getByRole('button', { name: 'Order and filters' }).click()
    await page.getByLabel('Kind').selectOption('pinned')
    await sees(page, '.found', /found|best/)
  },
}
