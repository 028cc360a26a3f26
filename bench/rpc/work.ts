/** What every side does for one call: check who calls, validate the input, make the answer, validate it. */
import { z } from 'zod'

export const LogLine = z.object({
  service: z.string().min(1).max(100),
  level: z.enum(['DEBUG', 'INFO', 'WARNING', 'ERROR']),
  name: z.string().max(200),
  text: z.string().max(10_000),
  time: z.iso.datetime(),
  traceId: z.string().length(32),
})
export const Receipt = z.object({ id: z.uuid(), acceptedAt: z.number() })

/** As long as a signed identity is. */
export const token = `eyJhbGciOiJFZERTQSJ9.${'c3ViamVjdCwgc2Vzc2lvbiBhbmQgcm9sZXMg'.repeat(5)}.${'c2lnbmF0dXJl'.repeat(7)}`
export const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
export const method = 'logs.write'
export const timeoutMs = 5000

/** Tokens whose signature has been verified before. */
const verified = new Map([[token, { kind: 'service', name: 'shop' }]])

export function answer(input: unknown, identityToken: string | undefined): z.output<typeof Receipt> {
  if (identityToken === undefined || !verified.has(identityToken)) throw new Error('unauthenticated')
  LogLine.parse(input)
  return Receipt.parse({ id: '018f2c7e-5d0a-7c3b-9a51-2f6f0c1d7e44', acceptedAt: Date.now() })
}

let lines = 0

export function nextLine(): z.input<typeof LogLine> {
  return {
    service: 'shop',
    level: 'INFO',
    name: 'order.placed',
    text: `Order ${++lines} placed, 3 items`,
    time: '2026-01-02T03:04:05.678Z',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  }
}
