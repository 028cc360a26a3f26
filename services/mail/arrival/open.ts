/** Everything that mail passes on its way in, put together for the role that needs it. */
import type { Context } from '../settings.ts'
import { openRules } from '../rules/open.ts'
import { openAddressees } from './addressees.ts'
import { openArrivals, type Arrivals } from './arrive.ts'
import { openDesk } from './desk.ts'
import { openIndexer } from './indexer.ts'

export interface WayIn extends AsyncDisposable {
  arrivals: Arrivals
}

export function openWayIn(context: Context): WayIn {
  const stack = new AsyncDisposableStack()
  const indexer = stack.use(openIndexer(context))
  const addressees = stack.use(openAddressees(context.db, context.signals))
  const desk = openDesk(context, (kept) => indexer.add(kept))
  const rules = stack.use(openRules(context))
  return {
    arrivals: openArrivals(context, desk, addressees, rules),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
