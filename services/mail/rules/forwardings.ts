/** Addresses that a person's mail may be passed on to: each agreed by giving back a code. */
import { randomInt, timingSafeEqual } from 'node:crypto'
import { announceQueue } from '../delivery/submit.ts'
import { accountOf } from '../reading/account.ts'
import { parseAddress } from '../smtp/address.ts'
import type { Calls, Command } from '../settings.ts'
import type { AccountRow } from '../store/accounts.ts'
import { addressesOf } from '../store/addresses.ts'
import * as store from '../store/forwardings.ts'
import { announceRules } from './book.ts'
import { postMessage } from './posting.ts'

const mostForwardings = 20
const codes = { attempts: 5, hours: 24, secondsBetween: 60 }

export const forwardingCalls: Pick<
  Calls,
  'listForwardings' | 'addForwarding' | 'confirmForwarding' | 'changeForwarding' | 'removeForwarding'
> = {
  async listForwardings(_input, context) {
    const account = await accountOf(context)
    return { items: await store.listForwardings(context.db, account.id) }
  },
  async addForwarding({ address: given }, context) {
    const account = await accountOf(context)
    const address = parseAddress(given)?.address.toLowerCase()
    if (address === undefined || (await addressesOf(context.tx, account.id)).includes(address))
      return context.fail('badAddress', `${given} is no address to forward to.`)
    const known = await store.listForwardings(context.tx, account.id)
    if (known.length >= mostForwardings && !known.some((each) => each.address === address))
      return context.fail('tooManyForwardings', `There are ${mostForwardings} addresses already.`)
    const code = String(randomInt(1_000_000)).padStart(6, '0')
    const digest = context.secrets.digest(code, aboutCode(account.id, address))
    // One that was sent a moment ago is still good.
    if (await store.armForwarding(context.tx, account.id, address, digest, codes.secondsBetween))
      await sendCode(context, account, address, code)
    return null
  },
  async confirmForwarding({ address: given, code }, context) {
    const account = await accountOf(context)
    const address = given.toLowerCase()
    const refuse = () => context.fail('wrongCode', 'The code is not right, or not any more.')
    const expected = await store.attemptForwarding(context.db, account.id, address, codes)
    const digest = context.secrets.digest(code.replaceAll(/\D/g, ''), aboutCode(account.id, address))
    if (!expected || !timingSafeEqual(expected, digest)) return refuse()
    if (!(await store.confirmForwarding(context.tx, account.id, address, digest))) return refuse()
    context.afterCommit(() => announceRules(context.signals, account.id))
    return null
  },
  async changeForwarding({ address, forwardsAll }, context) {
    const account = await accountOf(context)
    if (!(await store.changeForwarding(context.tx, account.id, address.toLowerCase(), forwardsAll)))
      return context.fail('notFound')
    context.afterCommit(() => announceRules(context.signals, account.id))
    return null
  },
  async removeForwarding({ address }, context) {
    const account = await accountOf(context)
    if (!(await store.deleteForwarding(context.tx, account.id, address.toLowerCase())))
      return context.fail('notFound')
    context.afterCommit(() => announceRules(context.signals, account.id))
    return null
  },
}

function aboutCode(accountId: string, address: string): string {
  return `forwarding ${accountId} ${address}`
}

async function sendCode(context: Command, account: AccountRow, to: string, code: string): Promise<void> {
  const { DOMAIN } = context.settings
  const from = { name: DOMAIN, address: `noreply@${DOMAIN}` }
  const headers = [{ name: 'Auto-Submitted', value: 'auto-generated' }]
  await postMessage(
    context,
    context.tx,
    { from, to, headers, ...texts[account.language](account.address, code) },
    '',
  )
  context.afterCommit(() => announceQueue(context.signals))
}

const texts = {
  en: (address: string, code: string) => ({
    subject: `${code}: mail of ${address} is to be forwarded to you`,
    text: `${address} asks to forward mail to this address.\n\nIf you agree, pass on this code: ${code}\nIt is good for ${codes.hours} hours.\n\nIf you don't, do nothing: without the code nothing is forwarded.\n`,
  }),
  bn: (address: string, code: string) => ({
    subject: `${code}: ${address} এর মেইল আপনার কাছে পাঠানো হবে`,
    text: `${address} এই ঠিকানায় মেইল পাঠিয়ে দিতে চান।\n\nআপনি রাজি থাকলে এই কোডটি তাঁকে দিন: ${code}\nকোডটি ২৪ ঘণ্টা চলবে।\n\nরাজি না থাকলে কিছুই করতে হবে না: কোড ছাড়া কিছুই পাঠানো হবে না।\n`,
  }),
}
