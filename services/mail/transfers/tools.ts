import type { Context } from '../settings.ts'

/** What imports and exports work with. */
export type TransferTools = Pick<Context, 'db' | 'blobs' | 'uploads' | 'signals' | 'log' | 'settings'>

export const transfersTopic = 'mail.transfers'

/** Another works on it, or it was cancelled. */
export class LostTransfer extends Error {
  constructor() {
    super('the transfer is not ours to go on with')
  }
}

/** Lets others have the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
