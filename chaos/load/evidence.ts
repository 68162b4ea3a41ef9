import type { World } from './world.ts'

/** More than this says no more. */
const MOST_LINES = 24

/** What the replicas have logged about one connection, in order of time, with the replica's number. */
export function linesAbout({ replicas }: World, connectionId: string): readonly string[] {
  const lines = replicas.flatMap((replica) =>
    replica
      .output()
      .split('\n')
      .filter((line) => line.includes(connectionId))
      .map((line) => ({ at: timeOf(line), text: `    replica ${replica.number}: ${line}` })),
  )
  return lines
    .toSorted((a, b) => a.at.localeCompare(b.at))
    .slice(-MOST_LINES)
    .map(({ text }) => text)
}

const timeOf = (line: string): string => /"time":"([^"]*)"/.exec(line)?.[1] ?? ''
