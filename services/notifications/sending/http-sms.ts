/** Sends SMS by a request to whatever HTTP interface the settings describe. */
import { Liquid } from 'liquidjs'
import { z } from 'zod'
import type { Values } from '../settings.ts'
import { Refusal, type Provider } from './provider.ts'

type Options = Pick<Values, 'SMS_METHOD' | 'SMS_BODY' | 'SMS_HEADERS'>

const timeoutMs = 10_000

/** Throws one line that names the setting which is wrong. */
export function openHttpSms(
  urlTemplate: string,
  { SMS_METHOD: method, SMS_BODY, SMS_HEADERS }: Options,
): Provider {
  const fillUrl = compile('SMS_URL', urlTemplate)
  const fillBody = method === 'GET' ? undefined : compile('SMS_BODY', SMS_BODY)
  const headers = readHeaders(SMS_HEADERS)
  if (!URL.canParse(fillUrl({ to: '+15550100', text: 'text' }))) throw new Error('SMS_URL: is no URL')
  fillBody?.({ to: '+15550100', text: 'text' })
  return {
    async send({ to, rendering: { text } }, signal) {
      const status = await request(fillUrl({ to, text }), {
        method,
        headers,
        ...(fillBody && { body: fillBody({ to, text }) }),
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      })
      const said = `HTTP ${status}`
      if (status >= 200 && status < 300) return said
      throw refusalOf(status, said)
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** The answer's body is left alone: it may repeat the text. */
async function request(url: string, init: RequestInit): Promise<number> {
  try {
    const response = await fetch(url, init)
    await response.body?.cancel()
    return response.status
  } catch (error) {
    const { message, cause } = error as Error
    throw new Refusal(cause instanceof Error ? cause.message : message, false, 'provider')
  }
}

/** What has to do with our access, with load or with time may be otherwise next time (RFC 9110 §15.5, RFC 6585 §4). */
const passing = new Set([401, 402, 403, 407, 408, 425, 429])

function refusalOf(status: number, said: string): Refusal {
  const isFinal = status >= 300 && status < 500 && !passing.has(status)
  return new Refusal(said, isFinal, isFinal ? 'message' : 'provider')
}

function compile(setting: string, source: string): (scope: { to: string; text: string }) => string {
  try {
    const template = liquid.parse(source)
    return (scope) => String(liquid.renderSync(template, scope))
  } catch (error) {
    throw new Error(`${setting}: ${(error as Error).message}`, { cause: error })
  }
}

function readHeaders(text: string): Record<string, string> {
  try {
    const headers = z.record(z.string(), z.string()).parse(JSON.parse(text))
    return Object.fromEntries(new Headers(headers))
  } catch (error) {
    throw new Error('SMS_HEADERS: is no JSON object of header fields', { cause: error })
  }
}

const liquid = new Liquid({ strictVariables: true, strictFilters: true, ownPropertyOnly: true })
