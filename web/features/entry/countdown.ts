import { useEffect, useState } from 'react'

/** Seconds that are left, and how to begin anew. */
export function useCountdown(firstSeconds: number): [number, (seconds: number) => void] {
  const [secondsLeft, setSecondsLeft] = useState(firstSeconds)
  const isRunning = secondsLeft > 0
  useEffect(() => {
    if (!isRunning) return
    const timer = setInterval(() => setSecondsLeft((seconds) => Math.max(0, seconds - 1)), 1000)
    return () => clearInterval(timer)
  }, [isRunning])
  return [secondsLeft, setSecondsLeft]
}
