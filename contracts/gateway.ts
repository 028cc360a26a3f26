import { contract } from './contract.ts'

export const gateway = contract('gateway', {
  summary: 'The only HTTP server: reads requests, makes the calls of every contract, writes the answers.',
})
