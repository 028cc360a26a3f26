import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { makeSelfSigned } from '#platform/tls/self-signed.ts'
import { parseMessage } from '../mime/parse.ts'
import { postOneClick, type OneClickOptions } from './one-click.ts'
import { wayOut } from './unsubscribe.ts'

const pass = { result: 'pass', domain: 'y.example', selector: 's', isAligned: true } as const
const signature = (names: string, selector = 's') =>
  `DKIM-Signature: v=1; a=rsa-sha256; d=Y.example; s=${selector};\r\n\th=from : ${names};\r\n\tbh=x; b=x\r\n`
const both = 'list-unsubscribe\r\n\t: List-Unsubscribe-Post'
const url = 'List-Unsubscribe: <mailto:u@y.example>,\r\n\t<https://y.example/\r\n\tu?id=1>\r\n'
const post = 'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n'

const way = (header: string, dkim: object[] = [pass]) =>
  wayOut(parseMessage(Buffer.from(`${header}From: n@y.example\r\n\r\n`)).headers, { dkim } as never)

test('one click is offered where a valid signature covers both fields', () => {
  assert.deepEqual(way(signature(both) + url + post), { by: 'oneClick', url: 'https://y.example/u?id=1' })
  const not: Record<string, ReturnType<typeof way>> = {
    'no signature': way(url + post),
    'it failed': way(signature(both) + url + post, [{ ...pass, result: 'fail' }]),
    'another passed': way(signature(both, 'other') + url + post),
    'one field signed': way(signature('list-unsubscribe') + url + post),
    'no post field': way(signature(both) + url),
    'another post field': way(`${signature(both) + url}List-Unsubscribe-Post: Yes\r\n`),
    'plain http': way(signature(both) + url.replace('https', 'http') + post),
    'with a password': way(signature(both) + url.replace('//', '//a:b@') + post),
  }
  for (const [name, found] of Object.entries(not)) assert.equal(found?.by, 'mail', name)
  assert.equal(way(signature(both) + url + url + post), undefined, 'two fields')
})

test('a mail says what the list asks for, and goes to one address', () => {
  const mail = (uri: string) => way(`List-Unsubscribe: <${uri}>\r\n`)
  assert.deepEqual(mail('mailto:u@y.example'), {
    by: 'mail',
    to: 'u@y.example',
    subject: 'unsubscribe',
    text: '',
  })
  assert.deepEqual(mail('mailto:u%2B1@y.example?subject=a%0D%0ABcc:%20b&body=x%0Ay&to=z@z.example'), {
    by: 'mail',
    to: 'u+1@y.example',
    subject: 'a Bcc: b',
    text: 'x\ny',
  })
  for (const uri of [
    'mailto:',
    'mailto:a',
    'mailto:a@b.example,c@d.example',
    'mailto:%E0%A4@x',
    'javascript:x',
    'ftp://x',
  ])
    assert.equal(mail(uri), undefined, uri)
})

test('the request is the one of RFC 8058, to the address that was looked up', async () => {
  await using server = await startServer((_request, response) => void response.end('ok'))
  assert.deepEqual(await server.ask('/u?id=1'), { state: 'done', answer: '200' })
  const [asked] = server.asked
  assert.deepEqual(
    [asked!.method, asked!.url, asked!.body],
    ['POST', '/u?id=1', 'List-Unsubscribe=One-Click'],
  )
  assert.equal(asked!.headers['content-type'], 'application/x-www-form-urlencoded')
  assert.equal(asked!.headers.host, `lists.example:${server.port}`)
  assert.equal(asked!.headers.cookie, undefined)
})

test('private addresses are never asked, by whatever name', async () => {
  await using server = await startServer((_request, response) => void response.end())
  for (const addresses of [
    ['127.0.0.1'],
    ['10.0.0.1'],
    ['169.254.169.254'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['fd00::1'],
    ['64:ff9b::7f00:1'],
    ['0.0.0.0'],
    ['192.0.2.1', '127.0.0.1'],
  ]) {
    const resolve = async () =>
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    const outcome = await postOneClick(`https://lists.example:${server.port}/`, { resolve })
    assert.deepEqual(
      outcome,
      { state: 'failed', answer: 'a private address', isFinal: true },
      addresses.join(),
    )
  }
  for (const host of ['127.0.0.1', '[::1]', 'localhost', '0x7f.1', '2130706433'])
    assert.equal((await postOneClick(`https://${host}:${server.port}/`)).answer, 'a private address', host)
  assert.deepEqual(await postOneClick('http://lists.example/'), {
    state: 'failed',
    answer: 'not https',
    isFinal: true,
  })
  assert.equal(server.asked.length, 0)
})

test('redirects are not followed, and slow or endless answers end', async () => {
  await using server = await startServer((request, response) => {
    if (request.url === '/redirect') response.writeHead(307, { Location: '/elsewhere' }).end()
    else if (request.url === '/gone') response.writeHead(410).end()
    else if (request.url === '/busy') response.writeHead(503).end()
    else if (request.url === '/endless') {
      response.writeHead(200)
      const write = () =>
        void (response.destroyed || response.write(Buffer.alloc(65_536), () => setImmediate(write)))
      write()
    }
    // `/silent` gets no answer.
  })
  assert.deepEqual(await server.ask('/redirect'), { state: 'failed', answer: '307', isFinal: true })
  assert.deepEqual(await server.ask('/gone'), { state: 'failed', answer: '410', isFinal: true })
  assert.deepEqual(await server.ask('/busy'), { state: 'failed', answer: '503', isFinal: false })
  assert.deepEqual(await server.ask('/endless'), { state: 'done', answer: '200' })
  assert.equal(server.asked.length, 4)
  const silent = await server.ask('/silent', { timeoutMs: 300 })
  assert.deepEqual(silent, { state: 'failed', answer: 'no answer in time', isFinal: false })
  const untrusted = await server.ask('/', { ca: (await makeSelfSigned('lists.example')).cert })
  assert.equal(untrusted.state, 'failed')
  const unknown = { resolve: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' })) }
  assert.deepEqual(await server.ask('/', unknown), { state: 'failed', answer: 'ENOTFOUND', isFinal: false })
})

interface Asked extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  body: string
}

async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const { cert, key } = await makeSelfSigned('lists.example')
  const asked: Asked[] = []
  const server = createServer({ cert, key }, (request, response) => {
    const { method, url, headers } = request
    const entry: Asked = { method, url, headers, body: '' }
    asked.push(entry)
    request.on('data', (chunk: Buffer) => (entry.body += chunk.toString()))
    request.on('end', () => answer(request, response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const local: OneClickOptions = {
    ca: cert,
    mayAsk: () => true,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  }
  return {
    port,
    asked,
    ask: (path: string, options: OneClickOptions = {}) =>
      postOneClick(`https://lists.example:${port}${path}`, { ...local, ...options }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
