/**
 * Requests that two servers may read in two ways (RFC 9112 §11.2), and other hostile input, with what is answered.
 * `nginx` and `haproxy` is what nginx 1.22.1 and HAProxy 2.6.12 of Debian 12 answer as proxies with default settings,
 * in front of a server that answers every request with 200: measured by sending these bytes. 0 is a closed connection
 * without an answer. The cases are those of RFC 9112 §11, of "HTTP Desync Attacks" (J. Kettle, 2019) and of the
 * advisories about `llhttp`.
 */
export interface HostileCase {
  what: string
  /** `PATH` stands for the path of a door that takes GET and POST. */
  bytes: string
  /** What this gateway answers first. Nothing is answered after a status of 400 and more. */
  status: number
  nginx: number
  haproxy: number
}

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const json = 'Content-Type: application/json\r\n'
const post = (fields: string, body: string) => `POST PATH HTTP/1.1\r\nHost: x\r\n${json}${fields}\r\n${body}`
const chunked = (body: string) => post('Transfer-Encoding: chunked\r\n', body)
const get = (fields: string, target = 'PATH') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`
const item = '{"id":1,"name":"tea"}'
const length = item.length
const size = length.toString(16)

type Row = [what: string, bytes: string, status: number, nginx: number, haproxy: number]

const lengths: Row[] = [
  [
    'Content-Length and Transfer-Encoding',
    post(`Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${smuggled}`),
    400,
    400,
    200,
  ],
  [
    'Transfer-Encoding and Content-Length',
    post(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, `0\r\n\r\n${smuggled}`),
    400,
    400,
    200,
  ],
  ['two Content-Lengths', post(`Content-Length: ${length}\r\nContent-Length: 0\r\n`, item), 400, 400, 400],
  [
    'the same Content-Length twice',
    post(`Content-Length: ${length}\r\nContent-Length: ${length}\r\n`, item),
    400,
    400,
    200,
  ],
  ['a list of lengths', post(`Content-Length: ${length}, ${length}\r\n`, item), 400, 400, 200],
  ['a length with a plus', post(`Content-Length: +${length}\r\n`, item), 400, 400, 400],
  ['a length below zero', post('Content-Length: -1\r\n', item), 400, 400, 400],
  ['a length in hexadecimal', post('Content-Length: 0x15\r\n', item), 400, 400, 400],
  ['a length with a fraction', post(`Content-Length: ${length}.0\r\n`, item), 400, 400, 400],
  ['an empty length', post('Content-Length: \r\n', item), 400, 400, 400],
  ['a length with a space in it', post('Content-Length: 2 1\r\n', item), 400, 400, 400],
  ['a length of 2^64', post('Content-Length: 18446744073709551616\r\n', item), 400, 400, 200],
  ['a length of 2^64 + 21', post('Content-Length: 18446744073709551637\r\n', item), 400, 400, 400],
]

const codings: Row[] = [
  ['a coding like chunked', post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${smuggled}`), 400, 501, 400],
  ['identity', post('Transfer-Encoding: identity\r\n', `0\r\n\r\n${smuggled}`), 400, 501, 400],
  [
    'chunked not last',
    post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${smuggled}`),
    400,
    501,
    400,
  ],
  ['chunked twice', post('Transfer-Encoding: chunked, chunked\r\n', `0\r\n\r\n${smuggled}`), 400, 501, 400],
  [
    'two Transfer-Encodings',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', `0\r\n\r\n${smuggled}`),
    400,
    400,
    400,
  ],
  [
    'gzip before chunked',
    post('Transfer-Encoding: gzip, chunked\r\n', `0\r\n\r\n${smuggled}`),
    400,
    501,
    422,
  ],
  [
    'a parameter of chunked',
    post('Transfer-Encoding: chunked;q=1\r\n', `0\r\n\r\n${smuggled}`),
    400,
    501,
    400,
  ],
  ['quoted', post('Transfer-Encoding: "chunked"\r\n', `0\r\n\r\n${smuggled}`), 400, 501, 400],
  [
    'a vertical tab before chunked',
    post('Transfer-Encoding: \x0bchunked\r\n', `0\r\n\r\n${smuggled}`),
    400,
    501,
    400,
  ],
  ['an empty Transfer-Encoding', post('Transfer-Encoding: \r\n', `0\r\n\r\n${smuggled}`), 400, 501, 400],
  [
    'chunked in HTTP/1.0',
    `POST PATH HTTP/1.0\r\nHost: x\r\n${json}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    400,
    400,
    200,
  ],
  [
    'a space before the colon',
    post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${smuggled}`),
    400,
    400,
    400,
  ],
  ['a space before the name', post(' Transfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`), 400, 400, 200],
  [
    'a space before the first name',
    `POST PATH HTTP/1.1\r\n Host: x\r\nHost: x\r\n${json}\r\n`,
    400,
    400,
    400,
  ],
  [
    'a folded Transfer-Encoding',
    post('Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${smuggled}`),
    400,
    400,
    200,
  ],
]

const chunks: Row[] = [
  ['a size with 0x', chunked(`0x${size}\r\n${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['a size with a plus', chunked(`+${size}\r\n${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['a size below zero', chunked(`-1\r\n${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['a size with a space behind', chunked(`${size} \r\n${item}\r\n0\r\n\r\n`), 400, 200, 200],
  ['no size', chunked(`\r\n${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['a size of 2^64', chunked(`10000000000000000\r\n${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['a size of 2^64 + 21', chunked(`10000000000000015\r\n${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['LF alone behind the size', chunked(`${size}\n${item}\r\n0\r\n\r\n`), 400, 200, 200],
  ['CR alone behind the size', chunked(`${size}\r${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['LF alone in an extension', chunked(`${size};a\n${item}\r\n0\r\n\r\n`), 400, 200, 200],
  ['CR in an extension', chunked(`${size};a\rb\r\n${item}\r\n0\r\n\r\n`), 400, 400, 400],
  ['an extension of 20 kB', chunked(`${size};${'a'.repeat(20_000)}\r\n${item}\r\n0\r\n\r\n`), 413, 200, 400],
  ['more than the size says', chunked(`${size}\r\n${item}xx\r\n0\r\n\r\n`), 400, 400, 400],
  ['LF alone behind the content', chunked(`${size}\r\n${item}\n0\r\n\r\n`), 400, 200, 200],
  ['LF alone at the end', chunked(`${size}\r\n${item}\r\n0\n\n${smuggled}`), 400, 200, 200],
  ['a length in a trailer', chunked(`${size}\r\n${item}\r\n0\r\nContent-Length: 5\r\n\r\n`), 400, 200, 200],
  ['a trailer with NUL', chunked(`${size}\r\n${item}\r\n0\r\nA: \0\r\n\r\n`), 400, 200, 200],
]

const lines: Row[] = [
  ['LF alone behind the request line', 'GET PATH HTTP/1.1\nHost: x\r\n\r\n', 400, 200, 200],
  ['LF alone behind a field', `GET PATH HTTP/1.1\r\nHost: x\nX: y\r\n\r\n`, 400, 200, 200],
  ['LF alone everywhere', 'GET PATH HTTP/1.1\nHost: x\n\n', 400, 200, 200],
  ['LF alone at the end of the head', `GET PATH HTTP/1.1\r\nHost: x\r\n\n${smuggled}`, 400, 200, 200],
  ['CR alone in a value', get('X: a\rTransfer-Encoding: chunked\r\n'), 400, 400, 400],
  ['NUL in a value', get('X: a\0b\r\n'), 400, 400, 200],
  ['NUL in a name', get('X\0: a\r\n'), 400, 400, 400],
  ['a folded field', get('X: a\r\n b\r\n'), 400, 400, 200],
  ['a field without a name', get(': a\r\n'), 400, 400, 400],
  ['a field without a colon', get('X\r\n'), 400, 200, 400],
  ['a name that is none', get('X(y): a\r\n'), 400, 200, 400],
  ['a name that is not ASCII', get('X\xe9: a\r\n'), 400, 200, 400],
  ['DEL in a value', get('X: a\x7fb\r\n'), 400, 200, 200],
]

const requestLines: Row[] = [
  ['HTTP/0.9', 'GET PATH\r\n\r\n', 400, 0, 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 400, 0],
  ['HTTP/2.0', 'GET PATH HTTP/2.0\r\nHost: x\r\n\r\n', 400, 505, 200],
  ['HTTP/1.2', 'GET PATH HTTP/1.2\r\nHost: x\r\n\r\n', 400, 200, 200],
  ['http/1.1', 'GET PATH http/1.1\r\nHost: x\r\n\r\n', 400, 400, 400],
  ['HTTP/1.1 and a space', 'GET PATH HTTP/1.1 \r\nHost: x\r\n\r\n', 400, 200, 400],
  ['HTTP/01.1', 'GET PATH HTTP/01.1\r\nHost: x\r\n\r\n', 400, 400, 400],
  ['tabs', 'GET\tPATH\tHTTP/1.1\r\nHost: x\r\n\r\n', 400, 400, 200],
  ['a space in the target', get('', 'PATH?a b'), 400, 400, 400],
  ['NUL in the target', get('', 'PATH?a\0b'), 400, 400, 400],
  ['not ASCII in the target', get('', 'PATH?a\xe9'), 400, 200, 400],
  ['a fragment', get('', 'PATH#a'), 400, 200, 400],
  ['no method', ' PATH HTTP/1.1\r\nHost: x\r\n\r\n', 400, 400, 400],
  ['a method that is none', 'G<T PATH HTTP/1.1\r\nHost: x\r\n\r\n', 400, 400, 400],
  ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n', 405, 400, 200],
  ['CONNECT to a path', 'CONNECT PATH HTTP/1.1\r\nHost: x\r\n\r\n', 405, 405, 400],
  ['TRACE', 'TRACE PATH HTTP/1.1\r\nHost: x\r\n\r\n', 405, 405, 200],
  ['a target of 20 kB', get('', `PATH?${'a'.repeat(20_000)}`), 431, 414, 400],
  ['a field of 20 kB', get(`X: ${'a'.repeat(20_000)}\r\n`), 431, 400, 400],
  ['300 fields', get('X: a\r\n'.repeat(300)), 431, 200, 400],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 400, 400],
]

const hosts: Row[] = [
  ['no Host', 'GET PATH HTTP/1.1\r\n\r\n', 400, 400, 200],
  ['two Hosts', get('Host: y\r\n'), 400, 400, 400],
  ['the same Host twice', get('Host: x\r\n'), 400, 400, 200],
  ['a Host with a space', 'GET PATH HTTP/1.1\r\nHost: x y\r\n\r\n', 400, 400, 200],
  ['a Host with a path', 'GET PATH HTTP/1.1\r\nHost: x/y\r\n\r\n', 400, 400, 200],
  ['a Host with a user', 'GET PATH HTTP/1.1\r\nHost: a@x\r\n\r\n', 400, 200, 200],
  ['a list of Hosts', 'GET PATH HTTP/1.1\r\nHost: x, y\r\n\r\n', 400, 400, 200],
  ['the absolute form with another Host', get('', 'http://yPATH'), 400, 200, 400],
  ['the absolute form with a user', get('', 'http://a@xPATH'), 400, 400, 200],
  ['the absolute form without a Host', 'GET http://xPATH HTTP/1.1\r\n\r\n', 400, 400, 200],
  ['another scheme', get('', 'ftp://xPATH'), 400, 200, 200],
  ['a target without a slash', get('', 'x:80'), 400, 400, 400],
]

const expectations: Row[] = [
  ['an expectation that nobody knows', get('Expect: tea\r\n'), 417, 200, 200],
  [
    'an upgrade to HTTP/2',
    get(
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
    ),
    200,
    200,
    200,
  ],
  ['the absolute form with the same Host', get('', 'http://xPATH'), 200, 200, 200],
  ['an empty line before the request', `\r\n${get('')}`, 200, 200, 200],
  [
    'chunked in capitals',
    post('Transfer-Encoding: CHUNKED\r\n', `${size}\r\n${item}\r\n0\r\n\r\n`),
    201,
    200,
    200,
  ],
  ['an extension of a chunk', chunked(`${size};a=b\r\n${item}\r\n0\r\n\r\n`), 201, 200, 200],
  ['a trailer', chunked(`${size}\r\n${item}\r\n0\r\nX: y\r\n\r\n`), 201, 200, 200],
  ['two spaces', 'GET  PATH HTTP/1.1\r\nHost: x\r\n\r\n', 200, 200, 200],
]

const rows = { lengths, codings, chunks, lines, requestLines, hosts, expectations }

export const hostileCases: HostileCase[] = Object.values(rows)
  .flat()
  .map(([what, bytes, status, nginx, haproxy]) => ({ what, bytes, status, nginx, haproxy }))
