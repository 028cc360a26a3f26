/** The course of one notification that a role has taken up, to its end or until it is put off. */
import { Breaker } from '#platform/balance/breaker.ts'
import { countDelivery, countOutcome, providerFailing } from '../meters.ts'
import { announceChange } from '../outbox.ts'
import { templates } from '../rendering/catalogue.ts'
import { openVariables, sealRendering, type Variables } from '../sealing.ts'
import { preferencesUrl, type Context } from '../settings.ts'
import { begin, keep, noteCutOff, putOff, settle, type Claimed } from '../store/work.ts'
import { showSecret } from './terminal.ts'
import { Refusal, type Message, type Provider } from './provider.ts'
import { quietUntil } from './quiet-hours.ts'
import { recipientOf, type Recipient } from './recipient.ts'

/** What the notifications of a channel are sent with. */
export interface Carrier {
  /** None is configured when undefined. */
  provider: Provider | undefined
  breaker: Breaker
  /** The process stops. */
  stopping: AbortSignal
}

/** Waits before the second, third and fourth attempt; then it has failed. */
const retryDelaysMs = [1000, 2000, 4000]
const attemptTimeoutMs = 30_000
/** Until identity is asked again when it does not answer. */
const lookUpDelayMs = 5000

export async function deliver(claimed: Claimed, carrier: Carrier, context: Context): Promise<void> {
  await proceed(claimed, carrier, context)
  announceChange(context.signals)
}

async function proceed(claimed: Claimed, carrier: Carrier, context: Context): Promise<void> {
  if (claimed.isCutOff) {
    const detail = 'the process ended while it was sending: what was sent may come twice, with one Message-ID'
    if (claimed.attempts > retryDelaysMs.length) return end(context, claimed, 'failed', detail)
    await noteCutOff(context.db, claimed, detail)
  }
  const variables = variablesOf(claimed, context)
  if (!variables) return end(context, claimed, 'failed', 'what it is made of can not be read')
  if (isOver(claimed, variables)) return end(context, claimed, 'failed', 'its code is no longer good')
  const recipient = await recipientOf(claimed, context).catch((error: Error) => error)
  if (recipient instanceof Error) {
    context.log.warn({ err: recipient, notification: claimed.id }, 'a recipient could not be looked up')
    return delay(context, claimed, lookUpDelayMs, 'the account could not be looked up')
  }
  if ('reason' in recipient) return end(context, claimed, 'skipped', recipient.reason)
  const now = new Date()
  const until = carrier.provider && quietUntil(recipient.quietHours, recipient.timeZone, now)
  if (until)
    return delay(
      context,
      claimed,
      until.getTime() - now.getTime(),
      `quiet hours until ${until.toISOString()}`,
    )
  const message = await messageOf(claimed, variables, recipient, context).catch((error: Error) => error)
  if (message instanceof Error) {
    context.log.error({ err: message, template: claimed.template }, 'a template could not be rendered')
    return end(context, claimed, 'failed', `the template could not be rendered: ${message.message}`)
  }
  if (carrier.provider) return send(claimed, message, { ...carrier, provider: carrier.provider }, context)
  if (await keep(context.db, claimed, addressed(message, context), 'no provider is configured')) {
    countOutcome(claimed.channel, 'kept')
    if (claimed.isSecret) showSecret(claimed.channel, message, context)
  }
}

function variablesOf({ id, variables }: Claimed, { secrets }: Context): Variables | undefined {
  try {
    return variables ? openVariables(secrets, id, variables) : undefined
  } catch {
    return undefined
  }
}

/** A code that came after its time would only confuse. */
function isOver({ isSecret, createdAt }: Claimed, { minutes }: Variables): boolean {
  return isSecret && typeof minutes === 'number' && Date.now() > createdAt.getTime() + minutes * 60_000
}

async function messageOf(
  { id, channel, template: code, topic }: Claimed,
  variables: Variables,
  { address, language, timeZone }: Recipient,
  { settings }: Context,
): Promise<Message> {
  const template = templates.get(code)
  if (!template) throw new Error(`there is no template ${code}`)
  const url = topic === 'security' ? null : preferencesUrl(settings)
  const { render } = await import('../rendering/render.ts')
  const rendering = await render(template, channel, variables, {
    language,
    timeZone,
    domain: settings.DOMAIN,
    preferencesUrl: url,
  })
  return { notificationId: id, to: address, language, rendering, preferencesUrl: url }
}

function addressed({ notificationId, to, language, rendering }: Message, { secrets }: Context) {
  return { recipient: to, language, rendering: sealRendering(secrets, notificationId, rendering) }
}

/** Holds no connection to the database while the provider works. */
async function send(
  claimed: Claimed,
  message: Message,
  { provider, breaker, stopping }: Carrier & { provider: Provider },
  context: Context,
): Promise<void> {
  if (!breaker.admits()) {
    const delayMs = Math.max((breaker.openUntil ?? 0) - Date.now(), 1000)
    return delay(context, claimed, delayMs, 'the provider fails; waits until it is well')
  }
  const isProbe = breaker.begin()
  let outcome: Parameters<Breaker['end']>[0] = 'abandoned'
  try {
    if (!(await begin(context.db, claimed, addressed(message, context)))) return
    announceChange(context.signals)
    const said = await provider.send(
      message,
      AbortSignal.any([stopping, AbortSignal.timeout(attemptTimeoutMs)]),
    )
    outcome = 'success'
    if (await settle(context.db, claimed, 'delivered', said))
      countDelivery(claimed.channel, claimed.createdAt)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    outcome = stopping.aborted ? 'abandoned' : outcomeOf(error)
    await afterRefusal(claimed, error, context)
  } finally {
    const before = breaker.state
    breaker.end(outcome, isProbe)
    providerFailing.set({ channel: claimed.channel }, breaker.state === 'closed' ? 0 : 1)
    if (before === 'closed' && breaker.state === 'open')
      context.log.warn({ channel: claimed.channel }, 'the provider fails: messages wait until it is well')
  }
}

/** A server that says no to one message is well. */
function outcomeOf({ blame }: Refusal): Parameters<Breaker['end']>[0] {
  if (blame === 'provider') return 'failure'
  return blame === 'message' ? 'success' : 'abandoned'
}

async function afterRefusal(
  claimed: Claimed,
  { isFinal, message }: Refusal,
  context: Context,
): Promise<void> {
  const delayMs = retryDelaysMs[claimed.attempts]
  if (isFinal || delayMs === undefined) return end(context, claimed, 'failed', message)
  if (await putOff(context.db, claimed, delayMs, `attempt ${claimed.attempts + 1}: ${message}`))
    countOutcome(claimed.channel, 'attemptFailed')
}

async function end(
  { db }: Context,
  claimed: Claimed,
  state: 'skipped' | 'failed',
  detail: string,
): Promise<void> {
  if (await settle(db, claimed, state, detail)) countOutcome(claimed.channel, state)
}

async function delay({ db }: Context, claimed: Claimed, delayMs: number, detail: string): Promise<void> {
  if (await putOff(db, claimed, delayMs, detail)) countOutcome(claimed.channel, 'putOff')
}
