/** What must be true of a lock file before anything it names is installed. Pure: files are read elsewhere. */

/** The only place that packages come from. The lock file names no other, and none at all as npm writes it here. */
const REGISTRY = 'https://registry.npmjs.org/'
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/
const MODULES = 'node_modules/'

/** The name of an installed package by its path, nested or not. */
export const nameOf = (path) => path.slice(path.lastIndexOf(MODULES) + MODULES.length)

/**
 * Names everything that is wrong, one sentence each.
 *
 * @param lock - `package-lock.json`, version 3.
 * @param lists - `allowed.json` and `refused.json`.
 */
export function auditLock(lock, { allowed, refused }) {
  const { '': root = {}, ...packages } = lock.packages
  const entries = Object.entries(packages)
  return [
    ...(lock.lockfileVersion === 3 ? [] : ['package-lock.json is not of version 3']),
    ...entries.flatMap(([path, entry]) => originProblems(path, entry)),
    ...entries.flatMap(([path, entry]) => scriptProblems(path, entry, allowed.install_scripts)),
    ...entries.flatMap(([path, entry]) => refusals(path, entry, refused)),
    ...lookAlikes(entries, root, allowed.look_alikes),
    ...rangesOf(root),
    ...unusedOf(entries, allowed),
  ]
}

function originProblems(path, { integrity, resolved, link, inBundle }) {
  const problems = []
  if (link === true) problems.push(`${path} is a link`)
  if (inBundle === true) problems.push(`${path} came inside another package`)
  if (!SHA512.test(integrity ?? '')) problems.push(`${path} has no sha512 integrity`)
  const isElsewhere = resolved !== undefined && !resolved.startsWith(REGISTRY)
  if (isElsewhere) problems.push(`${path} comes from elsewhere than ${REGISTRY}`)
  if (!path.startsWith(MODULES)) problems.push(`${path} is not under ${MODULES}`)
  return problems
}

function scriptProblems(path, { hasInstallScript, dev }, allowed) {
  if (hasInstallScript !== true) return []
  const name = nameOf(path)
  if (!Object.hasOwn(allowed, name)) return [`${name} has an install script that is not allowed`]
  return dev === true ? [] : [`${name} has an install script and runs with the service`]
}

function refusals(path, { version }, refused) {
  const name = nameOf(path)
  return refused
    .filter((one) => one.name === name)
    .filter(({ versions }) => versions === '*' || versions.includes(version))
    .map(({ why }) => `${name} ${version} is refused: ${why}`)
}

/** A name one letter from one that was asked for, or the same but for its punctuation. */
function lookAlikes(entries, root, allowed) {
  const asked = [
    ...Object.keys(root.dependencies ?? {}),
    ...Object.keys(root.devDependencies ?? {}),
    ...Object.keys(root.optionalDependencies ?? {}),
  ]
  const names = new Set(entries.map(([path]) => nameOf(path)))
  return [...names]
    .filter((name) => !asked.includes(name) && !Object.hasOwn(allowed, name))
    .flatMap((name) => {
      const meant = asked.find((one) => looksLike(name, one))
      return meant === undefined ? [] : [`${name} looks like ${meant}`]
    })
}

const bare = (name) => name.replace(/[^a-z0-9]/g, '')

const looksLike = (name, meant) => bare(name) === bare(meant) || isOneEditAway(name, meant)

/** One letter more, less, another, or two exchanged. */
function isOneEditAway(a, b) {
  if (a.length > b.length) return isOneEditAway(b, a)
  if (b.length - a.length > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start += 1
  const [restA, restB] = [a.slice(start), b.slice(start)]
  if (a.length < b.length) return restA === restB.slice(1)
  const isSwapped = restA[0] === restB[1] && restA[1] === restB[0] && restA.length > 1
  return restA.slice(1) === restB.slice(1) || (isSwapped && restA.slice(2) === restB.slice(2))
}

/** What is asked for is asked for exactly. */
function rangesOf({ dependencies = {}, devDependencies = {}, optionalDependencies = {} }) {
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !EXACT.test(version))
    .map(([name]) => `${name} is not pinned to one version`)
}

/** An exception that nobody needs any more would hide the next one. */
function unusedOf(entries, { install_scripts: scripts, look_alikes: alikes }) {
  const names = new Set(entries.map(([path]) => nameOf(path)))
  const scripted = entries.filter(([, entry]) => entry.hasInstallScript === true)
  const withScript = new Set(scripted.map(([path]) => nameOf(path)))
  return [
    ...Object.keys(scripts).filter((name) => !withScript.has(name)),
    ...Object.keys(alikes).filter((name) => !names.has(name)),
  ].map((name) => `allowed.json names ${name}, which needs no exception`)
}
