/** Several queries in one request. */
import type { InputOf, OutputOf } from '#contracts/client.ts'
import type { Contract } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import type { gateway } from '#contracts/gateway.ts'
import type { QueryContext } from '#platform/service.ts'
import { problemOf } from '#services/gateway/http/problem.ts'

type Combine = (typeof gateway)['calls']['combine']
type Answers = OutputOf<Combine>['answers']
type Wishes = InputOf<Combine>['wishes']

/** What one part may take, so that a slow service does not hold up the rest. */
const partDeadlineMs = 2_000

export function combiner(contracts: readonly Contract[]) {
  const reached = new Map(
    contracts.flatMap((contract) =>
      Object.values(contract.calls)
        // What is limited is counted where it is asked for alone.
        .filter(({ kind, http, limits }) => kind === 'query' && http.length > 0 && limits.length === 0)
        .map(({ name }) => [`${contract.name}.${name}`, { contract, name }]),
    ),
  )

  async function answer(wish: Wishes[string], context: QueryContext): Promise<unknown> {
    const found = reached.get(wish.query)
    if (!found) throw standardError('notFound', `There is no query ${wish.query}.`)
    const { [found.name]: ask } = context.client(found.contract)
    return (ask as unknown as Ask)(wish.input ?? {}, { deadlineMs: partDeadlineMs })
  }

  return async ({ wishes }: { wishes: Wishes }, context: QueryContext): Promise<OutputOf<Combine>> => {
    const parts = await Promise.all(
      Object.entries(wishes).map(async ([name, wish]): Promise<[string, Answers[string]]> => {
        try {
          return [name, { output: await answer(wish, context) }]
        } catch (error) {
          // Bugs were logged where they happened.
          const failure = error instanceof CallError ? error : standardError('internal')
          return [name, { problem: problemOf(failure, context.trace.traceId) }]
        }
      }),
    )
    return { isPartial: parts.some(([, part]) => 'problem' in part), answers: Object.fromEntries(parts) }
  }
}

type Ask = (input: unknown, options: { deadlineMs: number }) => Promise<unknown>
