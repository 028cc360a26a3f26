/** JSON bodies of requests. */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { standardError } from '#contracts/errors.ts'
import { findJsonError } from './json-error.ts'

/** Larger things travel as blobs. */
export const maxBodyBytes = 1024 * 1024

/** Whether the request has one at all, RFC 9112 §6.3; in HTTP/2 unless its stream ends with the head, RFC 9113 §8.1. */
export function hasBody(incoming: IncomingMessage): boolean {
  const { headers } = incoming
  const { stream } = incoming as Partial<Pick<Http2ServerRequest, 'stream'>>
  if (stream) return !stream.endAfterHeaders
  const length = headers['content-length']
  return length === undefined ? headers['transfer-encoding'] !== undefined : length !== '0'
}

/**
 * Undefined for an empty body. Rejects with `invalid`, `unsupportedMediaType`, `tooLarge`; with `cancelled` when
 * the client goes away.
 */
export function readJson(incoming: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers['content-length']) > maxBodyBytes) return reject(tooLarge())
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBodyBytes) return void chunks.push(chunk)
      chunks.length = 0
      reject(tooLarge())
    })
    incoming.on('end', () => {
      if (size > maxBodyBytes) return
      let value: unknown
      try {
        value = parse(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), incoming)
      } catch (error) {
        return reject(error)
      }
      resolve(value)
    })
    incoming.on('close', () => {
      if (!incoming.readableEnded) reject(standardError('cancelled'))
    })
  })
}

function parse(bytes: Buffer, { headers }: IncomingMessage): unknown {
  if (bytes.length === 0) return undefined
  checkMediaType(headers['content-type'], headers['content-encoding'])
  // RFC 8259 §8.1: JSON between systems is UTF-8.
  if (!isUtf8(bytes)) throw standardError('invalid', 'The body is not UTF-8.')
  const text = bytes.toString()
  try {
    return JSON.parse(text)
  } catch {
    throw standardError('invalid', whereJsonBreaks(text))
  }
}

/** `application/json` or `application/…+json`, in UTF-8, not compressed. */
function checkMediaType(type: string | undefined, encoding: string | undefined): void {
  if (encoding !== undefined && encoding !== 'identity')
    throw standardError('unsupportedMediaType', 'Compressed bodies are not taken.')
  if (type === 'application/json') return
  const [essence = '', ...parameters] = (type ?? '').toLowerCase().split(';')
  if (!/^application\/([\w.-]+\+)?json$/.test(essence.trim()))
    throw standardError('unsupportedMediaType', 'Send the body as application/json.')
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    if (name.trim() === 'charset' && !/^"?utf-?8"?$/.test(value.trim()))
      throw standardError('unsupportedMediaType', 'Send the body in UTF-8.')
  }
}

function whereJsonBreaks(text: string): string {
  const offset = findJsonError(text) ?? 0
  const lines = text.slice(0, offset).split('\n')
  const what = offset === text.length ? 'ends too early' : 'breaks'
  return `The JSON ${what} at character ${offset} (line ${lines.length}, column ${lines.at(-1)!.length + 1}).`
}

function tooLarge(): Error {
  return standardError('tooLarge', `A body has at most ${maxBodyBytes} bytes.`)
}
