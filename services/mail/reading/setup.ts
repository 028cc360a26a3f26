import { callerOf, serverName, type Calls } from '../settings.ts'
import { findAccount } from '../store/accounts.ts'

/** Of the doors as programs reach them: the ports are those of the settings, whoever listens there. */
export const showMailSetup: Calls['showMailSetup'] = async (_input, context) => {
  const { db, settings } = context
  const account = await findAccount(db, callerOf(context).accountId)
  const host = serverName(settings)
  return {
    address: account?.address ?? null,
    submission: { host, port: settings.SUBMISSION_PORT, security: 'starttls' },
    submissions: { host, port: settings.SUBMISSIONS_PORT, security: 'tls' },
  }
}
