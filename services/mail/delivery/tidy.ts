import type { Database } from '#platform/database/database.ts'
import { forgetSubmissions } from '../store/submissions.ts'
import { deletePastPolicies, deleteTlsResultsBefore } from '../store/sts-policies.ts'

/** Reports on what has left come for days; what an account keeps a copy of stays as long as the copy. */
const keptDays = 30
const dayMs = 86_400_000

/** Forgets what nobody asks for any more. */
export async function tidyDelivery({ db }: { db: Database }): Promise<void> {
  const before = new Date(Date.now() - keptDays * dayMs)
  await forgetSubmissions(db, before)
  await deletePastPolicies(db, new Date())
  await deleteTlsResultsBefore(db, before.toISOString().slice(0, 10))
}
