/** The way in for the first owner: a link in the terminal of whoever starts the program. */
import type { ProcessContext } from '#platform/service.ts'
import { pageUrl } from '#platform/public-url.ts'
import type { Context } from '#services/identity/settings.ts'
import { newToken } from '#services/identity/sign-in/tokens.ts'
import { replaceSetUpToken } from '#services/identity/store/installation.ts'

/**
 * While there is no owner, each start of a process makes a link and announces it. The one made last counts: of
 * processes that start at once, the one that wrote last has announced it.
 */
export async function offerSetUp(
  { db, settings }: Pick<Context, 'db' | 'settings'>,
  { announce }: Pick<ProcessContext, 'announce'>,
): Promise<AsyncDisposable> {
  const { token, hash } = newToken()
  if (await replaceSetUpToken(db, hash)) announce('set up', pageUrl(settings, '/setup', { token }))
  return { [Symbol.asyncDispose]: async () => {} }
}
