/** One broken rule of the configuration. Never holds the value that broke it. */
export interface Problem {
  /** The environment variable, or the file as the documentation calls it. */
  readonly source: string
  /** Where in the file: `[0].knox.base_url`. Absent for a variable, or for the file as a whole. */
  readonly field?: string
  readonly rule: string
  readonly example?: string
}

/** Takes note of a problem; reading goes on, so that all problems are named at once. */
export type Report = (problem: Problem) => void

/** One line about a problem: source, field, rule and example. */
function describeProblem({ source, field, rule, example }: Problem): string {
  const place = field === undefined ? source : `${source} ${field}`
  return example === undefined ? `${place}: ${rule}` : `${place}: ${rule} (example: ${example})`
}

/** The configuration is refused. `message` has one line per problem and can be printed as it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code = 'config_invalid'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const lines = [...new Set(problems.map(describeProblem))]
    const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`
    super([`configuration is not valid: ${count}`, ...lines.map((line) => `  ${line}`)].join('\n'))
    this.problems = problems
  }
}
