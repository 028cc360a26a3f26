/** In development without a provider, the first codes can be read where the program was started. */
import type { Channel } from '#contracts/notifications.ts'
import type { Context } from '../settings.ts'
import type { Message } from './provider.ts'

const most = 10
const shown = new WeakMap<Context, number>()

/** One line on standard output, past the log: it holds a secret. */
export function showSecret(channel: Channel, { to, rendering }: Message, { own, settings }: Context): void {
  const count = (shown.get(own) ?? 0) + 1
  shown.set(own, count)
  if (settings.NODE_ENV !== 'development' || count > most) return
  const [body = ''] = rendering.text.split('\n-- \n')
  const line = `[${channel} to ${to}] ${body}`.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  process.stdout.write(`${line}\n`)
}
