/** One line of a service's log. */
export type LogEvent = Readonly<Record<string, unknown>> & { readonly event: string }

/** The events of these names in a service's output, in order. */
export function eventsNamed(output: string, ...names: readonly string[]): readonly LogEvent[] {
  const marks = names.map((name) => `"event":"${name}"`)
  return output
    .split('\n')
    .filter((line) => marks.some((mark) => line.includes(mark)))
    .flatMap(readEvent)
}

function readEvent(line: string): readonly LogEvent[] {
  try {
    return [JSON.parse(line)]
  } catch {
    // A process that was killed may have left half a line.
    return []
  }
}
