import assert from 'node:assert/strict'
import { request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { testHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { staticFiles } from './static.ts'

const script = 'console.log("tea")\n'.repeat(100)
const files: Record<string, string | Buffer> = {
  'index.html': '<!doctype html><title>Dakghar</title>'.repeat(20),
  'assets/app-4f3a2b1c.js': script,
  'assets/logo-9c8d7e6f.png': Buffer.from('89504e47', 'hex'),
  'assets/plain.css': 'a{}',
  'robots.txt': 'User-agent: *\n',
  'ড.txt': 'letter',
  'given.js': script,
  'given.js.gz': gzipSync('// made by the build\n'),
}

let directory: string
let port: number
const stack = new AsyncDisposableStack()
before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'web-'))
  stack.defer(() => rm(folder, { recursive: true }))
  directory = join(folder, 'dist')
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), content)
  }
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await symlink(folder, join(directory, 'outside'))
  const host = stack.use(
    await testHost({ services: [gatewayTo([])], settings: { WEB_DIR: directory, LOG_LEVEL: 'fatal' } }),
  )
  port = Number(new URL(host.announced.find(([what]) => what === 'web')![1]).port)
})
after(() => stack.disposeAsync())

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const asked = request({ port, host: '127.0.0.1', path, method, headers, agent: false }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, headers: answer.headers, body: await buffer(answer) }
}

test('a file is sent as what it is', async () => {
  for (const [path, name, type] of [
    ['/', 'index.html', 'text/html; charset=utf-8'],
    ['/index.html', 'index.html', 'text/html; charset=utf-8'],
    ['/assets/app-4f3a2b1c.js', 'assets/app-4f3a2b1c.js', 'text/javascript; charset=utf-8'],
    ['/assets/logo-9c8d7e6f.png', 'assets/logo-9c8d7e6f.png', 'image/png'],
    ['/robots.txt?x=y', 'robots.txt', 'text/plain; charset=utf-8'],
    ['/%E0%A6%A1.txt', 'ড.txt', 'text/plain; charset=utf-8'],
  ] as const) {
    const { status, headers, body } = await get(path)
    assert.equal(status, 200, path)
    assert.equal(headers['content-type'], type)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.ok(body.equals(Buffer.from(files[name]!)), path)
    const head = await get(path, {}, 'HEAD')
    assert.deepEqual([head.headers['content-length'], head.body.length], [String(body.length), 0])
  }
})

test('what has a hash in its name is kept for ever, the rest is asked for again', async () => {
  const cacheControl = async (path: string) => (await get(path)).headers['cache-control']
  assert.equal(await cacheControl('/assets/app-4f3a2b1c.js'), 'public, max-age=31536000, immutable')
  for (const path of ['/', '/assets/plain.css', '/robots.txt'])
    assert.equal(await cacheControl(path), 'no-cache')
})

test('it is sent in the coding that the client takes', async () => {
  const coded = (acceptEncoding: string) =>
    get('/assets/app-4f3a2b1c.js', { 'accept-encoding': acceptEncoding })
  for (const [accepted, coding] of [
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['*', 'br'],
    ['identity', undefined],
    ['*;q=0', undefined],
    ['', undefined],
  ] as const) {
    const { headers, body } = await coded(accepted)
    assert.equal(headers['content-encoding'], coding, accepted)
    assert.equal(headers.vary, 'Accept-Encoding')
    const plain = coding === 'br' ? brotliDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body
    assert.equal(plain.toString(), script)
    if (coding) assert.ok(body.length < script.length)
  }
  assert.equal(
    (await get('/assets/logo-9c8d7e6f.png', { 'accept-encoding': 'br' })).headers['content-encoding'],
    undefined,
  )
  const { body } = await get('/given.js', { 'accept-encoding': 'gzip' })
  assert.equal(gunzipSync(body).toString(), '// made by the build\n')
})

test('what the client has is not sent again', async () => {
  const brotli = await get('/', { 'accept-encoding': 'br' })
  const again = await get('/', { 'accept-encoding': 'br', 'if-none-match': brotli.headers.etag! })
  assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, brotli.headers.etag])
  assert.equal((await get('/', { 'if-none-match': brotli.headers.etag! })).status, 200, 'another coding')
})

test('a path of the app is its index, a file that is not there is not', async () => {
  for (const path of ['/mail', '/shop/tea/500g', '/mail?folder=in']) {
    const { status, headers } = await get(path, { accept: 'text/html,*/*;q=0.8' })
    assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'], path)
  }
  for (const path of ['/assets/app-old.js', '/favicon.ico', '/api/nothing'])
    assert.equal((await get(path, { accept: 'text/html' })).status, 404, path)
  assert.equal((await get('/mail', { accept: 'application/json' })).status, 404)
})

test('nothing outside the folder is sent', async () => {
  for (const path of [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/..\\secret.txt',
    '/outside/secret.txt',
    '//secret.txt',
    '/secret.txt%00.png',
    '/%',
    '/%ff.txt',
    `/${'../'.repeat(20)}etc/passwd`,
  ]) {
    const { body } = await get(path)
    assert.doesNotMatch(body.toString(), /^secret|root:/, path)
  }
})

test('what the gateway answers itself comes first, and only reading finds the app', async () => {
  assert.equal(
    (await get('/api/docs', { accept: 'text/html' })).headers['content-type'],
    'text/html; charset=utf-8',
  )
  assert.match((await get('/api/docs', { accept: 'text/html' })).body.toString(), /API reference/)
  assert.equal((await get('/mail', { accept: 'text/html' }, 'POST')).status, 404)
  assert.deepEqual(JSON.parse(String((await get('/', {}, 'POST')).body)), {
    error: false,
    message: 'Hit the broker',
  })
})

test('a folder without an index has no app', async () => {
  assert.equal(await staticFiles(join(directory, 'assets')), undefined)
  assert.equal(await staticFiles(join(directory, 'nowhere')), undefined)
})

test('a new build is handed out from the next page on, once it is whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'web-built-'))
  stack.defer(() => rm(folder, { recursive: true }))
  const build = async (content: string) => {
    await writeFile(join(folder, 'index.html'), content)
    return async () => {
      await writeFile(join(folder, '.built'), '')
      await utimes(join(folder, '.built'), new Date(), new Date(Date.now() + 1000 * ++builds))
    }
  }
  let builds = 0
  await (
    await build('<p>first')
  )()
  const host = stack.use(
    await testHost({ services: [gatewayTo([])], settings: { WEB_DIR: folder, LOG_LEVEL: 'fatal' } }),
  )
  const origin = host.announced.find(([what]) => what === 'web')![1]
  const page = async () =>
    await (await fetch(`${origin}/some/page`, { headers: { accept: 'text/html' } })).text()
  assert.equal(await page(), '<p>first')
  const finish = await build('<p>second')
  assert.equal(await page(), '<p>first')
  await finish()
  assert.equal(await page(), '<p>second')
})
