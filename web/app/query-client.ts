/** What was asked of the server, and for how long it counts. */
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { CallError } from '#contracts/errors.ts'
import { unreachable } from '#contracts/http-client.ts'

const passing = new Set<string>([unreachable, 'unavailable', 'overloaded', 'deadlineExceeded'])

/** `onUnauthenticated`: a call was refused because nobody is signed in. */
export function createQueryClient(onUnauthenticated: () => void): QueryClient {
  const onError = (error: unknown) => {
    if (error instanceof CallError && error.code === 'unauthenticated') onUnauthenticated()
  }
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        // A browser's own word about the network is not to be relied on.
        networkMode: 'always',
        retry: (failures, error) => failures < 2 && error instanceof CallError && passing.has(error.code),
      },
      mutations: { networkMode: 'always' },
    },
  })
}
