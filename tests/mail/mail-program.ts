/** The program as a user runs it, set up, with people who have mailboxes. */
import { createClient, type Client } from '#contracts/client.ts'
import { createHttpCaller } from '#contracts/http-client.ts'
import { identity } from '#contracts/identity.ts'
import { mail } from '#contracts/mail.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { dial } from '#services/mail/smtp/testing.ts'
import { startProgram, type Program } from '../program.ts'

export interface MailProgram extends AsyncDisposable {
  program: Program
  origin: string
  port: number
  submissionPort: number
  /** Of the owner. */
  mail: Client<typeof mail>
  identity: Client<typeof identity>
  token: string
}

export const ownDomain = 'ours.example'
const password = 'a tall green postbox'
export const owner = `owner@${ownDomain}`

const settings = {
  PORT: '0',
  RPC_ADDRESS: 'tcp://127.0.0.1:0',
  MAIL_HOST: '127.0.0.1',
  SMTP_PORT: '0',
  SUBMISSION_PORT: '0',
  SUBMISSIONS_PORT: '0',
  DOMAIN: ownDomain,
  LIMIT_ANONYMOUS: 'none',
  LIMIT_SIGN_IN: 'none',
}

/** On a folder that was never used: makes the owner and the people, and waits until mail for each is taken. */
export async function setUpMailProgram(
  directory: string,
  people: readonly string[],
  more: Record<string, string> = {},
): Promise<MailProgram> {
  await using stack = new AsyncDisposableStack()
  const program = stack.use(await startProgram([], { ...settings, DATA_DIR: directory, ...more }))
  const anonymous = createClient(identity, createHttpCaller({ origin: program.address('web') }))
  const token = /setup\?token=([\w-]+)/.exec(program.output())?.[1] ?? ''
  const answer = await anonymous.setUp({
    token,
    name: 'Ours',
    domain: ownDomain,
    owner: { userid: owner, name: 'Owner', password },
  })
  for (const userid of people) await anonymous.createProfile({ userid, password, name: 'Somebody' })
  const opened = openMail(program, 'token' in answer ? answer.token : '')
  await eventually(() => takesMailFor(opened.port, [owner, ...people]), 20_000)
  stack.move()
  return opened
}

/** On a folder that was used before. */
export async function startMailProgram(
  directory: string,
  token: string,
  more: Record<string, string> = {},
): Promise<MailProgram> {
  return openMail(await startProgram([], { ...settings, DATA_DIR: directory, ...more }), token)
}

function openMail(program: Program, token: string): MailProgram {
  const origin = program.address('web')
  const caller = createHttpCaller({ origin, headers: { authorization: `Bearer ${token}` } })
  const portOf = (what: string) => Number(program.address(what).split(':').at(-1))
  return {
    program,
    origin,
    port: portOf('SMTP '),
    submissionPort: portOf('Submission '),
    mail: createClient(mail, caller),
    identity: createClient(identity, caller),
    token,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  }
}

async function takesMailFor(port: number, addresses: readonly string[]): Promise<boolean> {
  using client = await dial(port)
  await client.command('EHLO here.example', 250)
  await client.command('MAIL FROM:<>', 250)
  client.send(addresses.map((address) => `RCPT TO:<${address}>\r\n`).join(''))
  try {
    for (const _ of addresses) await client.expect(250)
    return true
  } catch {
    return false
  }
}
