/** Asks a list's server to let somebody go, by one request (RFC 8058 §3.2). */
import { lookup } from 'node:dns/promises'
import { request } from 'node:https'
import type { LookupFunction } from 'node:net'
import { networkRule } from '../delivery/networks.ts'

export interface OneClickOptions {
  /** Whether an address may be asked: those in public alone unless stated. */
  mayAsk?: (address: string) => boolean
  /** Certificates to trust beside those of the system. */
  ca?: string
  resolve?: (name: string) => Promise<{ address: string; family: number }[]>
  timeoutMs?: number
}

export type OneClickAnswer =
  | { state: 'done'; answer: string }
  /** `isFinal`: to ask again is of no use. */
  | { state: 'failed'; answer: string; isFinal: boolean }

const mostAnswerBytes = 64 * 1024
const body = 'List-Unsubscribe=One-Click'

/** Never throws. Redirects are not followed, and the address that was checked is the one that is asked. */
export async function postOneClick(url: string, options: OneClickOptions = {}): Promise<OneClickAnswer> {
  const { timeoutMs = 10_000, resolve = resolveAll, mayAsk = networkRule(undefined), ca } = options
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const { protocol, hostname } = new URL(url)
    if (protocol !== 'https:') return failed('not https', true)
    const found = await within(signal, resolve(hostname.replaceAll(/^\[|\]$/g, '')))
    if (found.length === 0) return failed('no address', false)
    if (!found.every(({ address }) => mayAsk(address))) return failed('a private address', true)
    const status = await post(url, { signal, pinned: found[0]!, ca })
    if (status >= 200 && status < 300) return { state: 'done', answer: String(status) }
    return failed(String(status), status < 500 && status !== 429)
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException
    return failed(signal.aborted ? 'no answer in time' : (code ?? name), code === 'ERR_INVALID_URL')
  }
}

function failed(answer: string, isFinal: boolean): OneClickAnswer {
  return { state: 'failed', answer, isFinal }
}

function resolveAll(name: string) {
  return lookup(name, { all: true, verbatim: true })
}

interface Pinned {
  address: string
  family: number
}

function post(
  url: string,
  { signal, pinned, ca }: { signal: AbortSignal; pinned: Pinned; ca: string | undefined },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        method: 'POST',
        signal,
        agent: false,
        lookup: pinnedLookup(pinned),
        ...(ca !== undefined && { ca }),
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'Content-Length': Buffer.byteLength(body),
        },
        maxHeaderSize: 16 * 1024,
      },
      (response) => {
        let bytes = 0
        const done = () => {
          resolve(response.statusCode ?? 0)
          asked.destroy()
        }
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length
          if (bytes > mostAnswerBytes) done()
        })
        response.once('end', done)
        response.once('error', reject)
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

/** Whatever the name stands for by now. */
function pinnedLookup({ address, family }: Pinned): LookupFunction {
  return (_name, { all }, callback) => {
    if (all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}

function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
