/**
 * `POST /handle`: one door for programs that send `{action, auth | log | mail: {…}}` and read `{error, message, data}`.
 * Behind it are the same calls as behind every other door.
 */
import { z } from 'zod'
import type { CallDefinition, Contract } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import { identity } from '#contracts/identity.ts'
import { logs } from '#contracts/logs.ts'
import { mail } from '#contracts/mail.ts'
import type { Answer } from '#services/gateway/http/answer.ts'
import { readJson } from '#services/gateway/http/body.ts'
import type { Exchange, Page } from '#services/gateway/http/exchange.ts'
import { problemAnswer, problemOf } from '#services/gateway/http/problem.ts'
import { callPage, type CallPage, type CallTools } from './call.ts'

const Submission = z.discriminatedUnion('action', [
  z.object({ action: z.literal('auth'), auth: z.object({ email: z.string(), password: z.string() }) }),
  z.object({
    action: z.literal('log'),
    /** `event` puts the line on the bus, where the listener finds it. */
    log: z.looseObject({ mode: z.enum(['rpc', 'event']).default('rpc') }),
  }),
  z.object({ action: z.literal('mail'), mail: z.looseObject({ to: z.unknown() }) }),
])

/** How a submission is done: which call, with which input, and what is said when it went well. */
interface Errand {
  definition: CallDefinition
  input: unknown
  message: string
}

export function handlePage(contracts: readonly Contract[], tools: CallTools): Page {
  const pages = new Map<CallDefinition, CallPage>()
  for (const definition of [
    identity.calls.login,
    logs.calls.writeLog,
    logs.calls.reportLog,
    mail.calls.sendMail,
  ])
    if (contracts.some(({ name }) => name === definition.service))
      pages.set(
        definition,
        callPage({ definition, status: 202, method: 'POST', path: '/handle', parameters: [] }, tools),
      )

  async function submit(...[c, exchange]: Parameters<Page>): Promise<Answer> {
    const { definition, input, message } = errandOf(await readJson(c.env.incoming))
    const page = pages.get(definition)
    if (!page) throw standardError('unavailable', `${definition.service} is not part of this installation.`)
    const answer = await page(c, exchange, input)
    const body = `{"error":false,"message":${JSON.stringify(message)},"data":${answer.body as string}}`
    return { ...answer, body }
  }

  return (c, exchange) => submit(c, exchange).catch((error: unknown) => refusal(error, exchange))
}

function errandOf(body: unknown): Errand {
  const parsed = Submission.safeParse(body)
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
    throw standardError('invalid', 'Send an action, auth, log or mail, and what it needs.', { fields })
  }
  const submission = parsed.data
  if (submission.action === 'auth') {
    const { email: userid, password } = submission.auth
    return { definition: identity.calls.login, input: { userid, password }, message: 'Authenticated!' }
  }
  if (submission.action === 'mail')
    return {
      definition: mail.calls.sendMail,
      input: submission.mail,
      message: `Message sent to ${typeof submission.mail.to === 'string' ? submission.mail.to : 'its recipients'}`,
    }
  const { mode, ...line } = submission.log
  return mode === 'event'
    ? { definition: logs.calls.reportLog, input: line, message: 'Put on the bus' }
    : { definition: logs.calls.writeLog, input: line, message: 'Logged' }
}

/** `data` is the problem document. Bugs go on to where they are logged. */
function refusal(error: unknown, { trace: { traceId } }: Exchange): Answer {
  if (!(error instanceof CallError)) throw error
  const problem = problemOf(error, traceId)
  const answer = problemAnswer(error, traceId)
  const headers = { ...answer.headers, 'content-type': 'application/json' }
  const body = JSON.stringify({ error: true, message: problem.detail ?? problem.title, data: problem })
  return { ...answer, headers, body }
}
