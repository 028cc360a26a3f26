/** What a contender of `bench/bus.ts` does, in one process for publishing and one for consuming. */
export interface Contender {
  /** Resolves when the event is durable. */
  publish(id: number, text: string): Promise<void>
  /** Writes a row of `effects` for each event, once, and says how many were committed. */
  consume(handled: (count: number) => void): Promise<void>
}

export interface Servers {
  postgres: string
  rabbitmq: string
}

/** Most events handled in one transaction. */
export const batchSize = 500
