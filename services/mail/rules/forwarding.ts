/** What is passed on, to where, and what keeps it from going in circles. */
import type { HeaderField } from '../mime/message.ts'

const countField = 'X-Dakghar-Forwarded'
/** How often a message is passed on by filters and forwarding, here and at other installations like this. */
const mostHops = 10

/** A field that counts once more, with CRLF; undefined: it has been passed on too often. */
export function countForward(headers: readonly HeaderField[]): string | undefined {
  const counts = headers
    .filter(({ name }) => name === countField.toLowerCase())
    .map(({ value }) => Number(value))
  const hops = counts.reduce(
    (most, each) => Math.max(most, Number.isInteger(each) && each > 0 ? each : mostHops),
    0,
  )
  return hops < mostHops ? `${countField}: ${hops + 1}\r\n` : undefined
}

/** Those of the addresses that it has not come through yet. */
export function notYetPassed(headers: readonly HeaderField[], addresses: readonly string[]): string[] {
  const passed = new Set(
    headers
      .filter(({ name }) => name === 'delivered-to')
      .map(({ value }) => value.replaceAll(/[<>]/g, '').trim().toLowerCase()),
  )
  return [...new Set(addresses)].filter((address) => !passed.has(address.toLowerCase()))
}
