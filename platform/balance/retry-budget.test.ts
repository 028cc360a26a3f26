import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RetryBudget } from './retry-budget.ts'

/** Every request fails and is tried again as often as the budget allows, at most twice. Gives the retries. */
function storm(budget: RetryBudget, requests: number): number {
  let retries = 0
  for (let i = 0; i < requests; i++) {
    budget.countRequest()
    if (budget.take()) retries++
    if (budget.take()) retries++
  }
  return retries
}

test('retries are a fifth of the requests and ten a second, however many fail', () => {
  let time = 0
  const budget = new RetryBudget(() => time)
  let retries = 0
  for (let second = 0; second < 60; second++) {
    retries += storm(budget, 1_000)
    time += 1_000
  }
  const allowed = 60 * (200 + 10)
  assert.ok(retries > allowed * 0.8 && retries < allowed * 1.3, `${retries} instead of ${allowed}`)
})

test('who asks seldom may try again', () => {
  let time = 0
  const budget = new RetryBudget(() => time)
  for (let second = 0; second < 60; second++) {
    assert.equal(storm(budget, 1), 2)
    time += 1_000
  }
})

test('an hour of silence does not save up retries', () => {
  let time = 0
  const budget = new RetryBudget(() => time)
  for (let i = 0; i < 100_000; i++) budget.countRequest()
  time += 3_600_000
  assert.ok(storm(budget, 1_000) < 500)
})
