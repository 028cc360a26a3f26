/** The role that listens: a door for other servers and two for mail programs. */
import { identity } from '#contracts/identity.ts'
import type { ProcessContext } from '#platform/service.ts'
import { openResolver } from '../authentication/resolver.ts'
import { openWayIn } from '../arrival/open.ts'
import { openSeenMail } from '../reports/seen.ts'
import { dnsServers, serverName, type Context } from '../settings.ts'
import { openSmtpServer } from '../smtp/server.ts'
import type { SmtpAuthentication } from '../smtp/policy.ts'
import { openCertificate } from './certificate.ts'
import { openGreylist } from './greylist.ts'
import { receivePolicy } from './receive.ts'
import { openScanner } from './scanner.ts'
import { submissionPolicy } from './submission.ts'

export async function openDoors(context: Context, process: ProcessContext): Promise<AsyncDisposable> {
  const { settings, log } = context
  await using stack = new AsyncDisposableStack()
  const hostName = serverName(settings)
  const { secureContext } = stack.use(await openCertificate(settings, hostName, log))
  const resolver = stack.use(openResolver({ servers: dnsServers(settings) }))
  const { arrivals } = stack.use(openWayIn(context))
  const receive = receivePolicy({
    context,
    arrivals,
    resolver,
    greylist: openGreylist(context),
    scan: openScanner(context),
    seen: stack.use(openSeenMail(context)),
  })
  const submission = submissionPolicy(context, passwordsOf(context))
  const doors = [
    { kind: 'receive', port: settings.SMTP_PORT, policy: receive, name: 'SMTP' },
    { kind: 'submission', port: settings.SUBMISSION_PORT, policy: submission, name: 'Submission' },
    { kind: 'submissions', port: settings.SUBMISSIONS_PORT, policy: submission, name: 'Submission, TLS' },
  ] as const
  for (const { kind, port, policy, name } of doors) {
    const limits = { messageBytes: settings.MAIL_MAX_MB * 1024 * 1024 }
    const server = await openSmtpServer({
      kind,
      host: settings.MAIL_HOST,
      port,
      hostName,
      secureContext,
      limits,
      policy,
      log,
    })
    stack.defer(() => server.close(settings.STOP_GRACE_MS))
    process.announce(name, `${settings.MAIL_HOST}:${server.port}`)
  }
  return stack.move()
}

/** Passwords that people made for their mail programs; nobody's own password opens a mail door. */
function passwordsOf({ client }: Context): SmtpAuthentication {
  return {
    async checkPassword(user, password) {
      const found = await client(identity)
        .checkAppPassword({ userid: user, password })
        .catch(() => 'later' as const)
      return found === 'later' ? 'later' : (found.account ?? undefined)
    },
    async scramCredentials(user) {
      const found = await client(identity)
        .showScramCredentials({ userid: user })
        .catch(() => undefined)
      if (!found) return 'later'
      const bytes = (text: string) => Buffer.from(text, 'base64')
      const keys = found.keys.map(({ id, storedKey, serverKey }) => ({
        id,
        storedKey: bytes(storedKey),
        serverKey: bytes(serverKey),
      }))
      return { salt: bytes(found.salt), iterations: found.iterations, keys }
    },
    async scramAccount(user, keyId) {
      const found = await client(identity)
        .noteAppPasswordUse({ userid: user, id: keyId ?? null })
        .catch(() => 'later' as const)
      return found === 'later' ? 'later' : (found.account ?? undefined)
    },
  }
}
