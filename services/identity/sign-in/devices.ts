/** From where people sign in. A device is known by a token that its browser keeps; the token lets nobody in. */
import Bowser from 'bowser'
import { v7 } from 'uuid'
import type { z } from 'zod'
import type { Device } from '#contracts/identity/account.ts'
import type { Command } from '#services/identity/settings.ts'
import { insertDevice } from '#services/identity/store/devices.ts'
import type { DeviceStanding } from '#services/identity/store/sessions.ts'
import { hashOf, newToken } from './tokens.ts'

export type DeviceFacts = z.output<typeof Device>

/** An account forgets the one that was used longest ago. */
const mostKnown = 50

/** 32 bytes in base64url, as we give them. */
export function deviceHashOf(device: DeviceFacts | undefined): Buffer | null {
  return device?.token && /^[\w-]{43}$/.test(device.token) ? hashOf(device.token) : null
}

/** `Chrome on Windows`; the first word of a program's name and version; empty for who says nothing. */
export function deviceName(userAgent: string): string {
  if (!userAgent) return ''
  const { browser, os } = Bowser.parse(userAgent)
  if (browser.name && os.name) return `${browser.name} on ${os.name}`
  return (browser.name || os.name || userAgent.split(/[/\s(]/)[0]!).slice(0, 60)
}

/**
 * Remembers the device, and tells the person of one that was not known, unless it is the account's first. Gives the
 * token that the device is to keep. A token of ours that is known to somebody else already stays: people share browsers.
 */
export async function rememberDevice(
  context: Command,
  accountId: string,
  device: DeviceFacts,
  { isKnown, isOurs, hasKnown }: DeviceStanding,
): Promise<string | undefined> {
  const shown = deviceHashOf(device)
  if (isKnown) return undefined
  const { token, hash: tokenHash } = shown && isOurs ? { token: device.token!, hash: shown } : newToken()
  await insertDevice(context.tx, { accountId, tokenHash }, mostKnown)
  if (hasKnown) await tellOfNewDevice(context, accountId, device)
  return token
}

async function tellOfNewDevice(
  context: Command,
  accountId: string,
  { userAgent, address }: DeviceFacts,
): Promise<void> {
  await context.publish('noticeDue', {
    requestId: `new_sign_in:${v7()}`,
    accountId,
    template: 'new_sign_in',
    variables: { device: deviceName(userAgent), address, time: new Date().toISOString() },
  })
}
