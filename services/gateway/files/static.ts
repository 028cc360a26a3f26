/** Files of a built web app, held in memory; a new build is noticed when a page is asked for. */
import { createHash } from 'node:crypto'
import { globSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { extname, join, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { standardError } from '#contracts/errors.ts'
import { matches } from '#services/gateway/http/answer.ts'
import type { Page } from '#services/gateway/http/exchange.ts'
import { pathOf } from '#services/gateway/http/router.ts'

interface StaticFile {
  contentType: string
  cacheControl: string
  /** By content coding, with its ETag; `identity` always. */
  contents: Partial<Record<Coding, { etag: string; body: Buffer }>>
}

type Coding = 'br' | 'gzip' | 'identity'

/**
 * Answers with the file of the path, or with `index.html` for a path of the app; `notFound` for anything else.
 * Undefined when the folder has no `index.html`. A file `x.br` or `x.gz` beside `x` is its compressed form; what
 * has none is compressed here, once.
 */
export async function staticFiles(directory: string): Promise<Page | undefined> {
  if (!isFile(join(directory, 'index.html'))) return undefined
  let files = findFiles(directory)
  let builtMs = builtMsOf(directory)

  return async (c) => {
    const path = pathOf(c.env.incoming.url ?? '')
    const { headers } = c.env.incoming
    const isRoute = isAppRoute(path, headers.accept)
    if (isRoute && builtMs !== builtMsOf(directory)) {
      builtMs = builtMsOf(directory)
      files = findFiles(directory)
    }
    const file = await (files.get(decodePath(path)) ?? (isRoute ? files.get('/') : undefined))?.()
    if (!file) throw standardError('notFound', 'Nothing is at this address.')
    const answer = answerOf(file, headers['accept-encoding'], headers['if-none-match'])
    return path === messageFrame
      ? { ...answer, headers: { ...answer.headers, ...messageFrameHeaders } }
      : answer
  }
}

/** The build leaves this file when it is whole. */
function builtMsOf(directory: string): number | undefined {
  return statSync(join(directory, '.built'), { throwIfNoEntry: false })?.mtimeMs
}

/** By path; `/` is `index.html`. Each is read when it is first asked for; undefined where a new build has removed it. */
function findFiles(directory: string): Map<string, () => Promise<StaticFile | undefined>> {
  const root = realpathSync(directory) + sep
  // A link may lead out of the folder.
  const isInside = (path: string) => isFile(path) && realpathSync(path).startsWith(root)
  const names = globSync('**/*', { cwd: directory }).filter((name) => isInside(join(directory, name)))
  const isCompressed = (name: string) => /\.(br|gz)$/.test(name) && names.includes(name.slice(0, -3))
  const files = new Map(
    names
      .filter((name) => !isCompressed(name))
      .map((name) => [`/${name.replaceAll(sep, '/')}`, onceRead(directory, name)] as const),
  )
  return files.set('/', files.get('/index.html')!)
}

function onceRead(directory: string, name: string): () => Promise<StaticFile | undefined> {
  let read: Promise<StaticFile | undefined> | undefined
  return () =>
    (read ??= isFile(join(directory, name)) ? readFile(directory, name) : Promise.resolve(undefined))
}

function answerOf(file: StaticFile, acceptEncoding: string | undefined, ifNoneMatch: string | undefined) {
  const coding = chooseCoding(file, acceptEncoding)
  const { etag, body } = file.contents[coding]!
  const headers: Record<string, string> = {
    etag,
    'cache-control': file.cacheControl,
    vary: 'Accept-Encoding',
  }
  if (matches(ifNoneMatch, etag)) return { status: 304, headers, body: '' }
  headers['content-type'] = file.contentType
  if (coding !== 'identity') headers['content-encoding'] = coding
  if (file.contentType.startsWith('text/html')) headers['content-security-policy'] = contentSecurityPolicy
  return { status: 200, headers, body }
}

/** RFC 9110 §12.5.3. What compresses better goes first where the client takes both. */
function chooseCoding({ contents }: StaticFile, accepted = ''): Coding {
  const weights = new Map(
    accepted.split(',').map((part) => {
      const [coding = '', ...parameters] = part
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/)
      const weight = parameters.find((parameter) => parameter.startsWith('q='))
      return [coding, weight === undefined ? 1 : Number(weight.slice('q='.length))]
    }),
  )
  const takes = (coding: Coding) => (weights.get(coding) ?? weights.get('*') ?? 0) > 0
  for (const coding of ['br', 'gzip'] as const) if (contents[coding] && takes(coding)) return coding
  return 'identity'
}

/** A path without an extension, asked for by a browser that wants to show a page: the app knows what it means. */
function isAppRoute(path: string, accept = ''): boolean {
  return !path.startsWith('/api/') && extname(path) === '' && /text\/html|\*\/\*/.test(accept)
}

async function readFile(directory: string, name: string): Promise<StaticFile> {
  const plain = readFileSync(join(directory, name))
  const contentType = contentTypes[extname(name).toLowerCase()] ?? 'application/octet-stream'
  const contents: StaticFile['contents'] = { identity: tagged(plain) }
  if (isText(contentType))
    for (const [coding, extension, compress] of codings) {
      const beside = join(directory, name + extension)
      const body = isFile(beside) ? readFileSync(beside) : await compress(plain)
      if (body.length < plain.length) contents[coding] = tagged(body)
    }
  // A name that carries a hash of the content never means another content.
  const isHashed = /[.-][\w-]{8,}\.\w+$/.test(name) && name.startsWith(`assets${sep}`)
  const cacheControl = isHashed ? 'public, max-age=31536000, immutable' : 'no-cache'
  return { contentType, cacheControl, contents }
}

function tagged(body: Buffer) {
  return { etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`, body }
}

const codings = [
  [
    'br',
    '.br',
    (plain: Buffer) => promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  ],
  ['gzip', '.gz', (plain: Buffer) => promisify(gzip)(plain, { level: 9 })],
] as const

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
}

function isText(contentType: string): boolean {
  return /^text\/|json|svg|wasm/.test(contentType)
}

/**
 * Nothing but files of this folder runs; text becomes HTML or the address of a script through the app's own policies
 * alone (Trusted Types). Components set styles of their own.
 */
const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types default service-worker sandboxed-html inert-html',
].join('; ')

/** A frame of the app that shows a message with its pictures from elsewhere. Nothing runs in it. */
const messageFrame = '/message.html'
const messageFrameHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "img-src 'self' data: https: http:",
    "style-src 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
  'x-frame-options': 'SAMEORIGIN',
}

/** What can't be decoded is no file's path. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
