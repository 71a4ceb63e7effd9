/** The group that answers for a model's name: itself, or the longest wildcard that the name fits; null where none does. */
export function findGroup(name: string, groups: ReadonlySet<string>): string | null {
  if (groups.has(name)) return name;
  let best: string | null = null;
  for (const group of groups) {
    // Something must be left for the `*`.
    if (!group.endsWith("*") || name.length < group.length || !name.startsWith(group.slice(0, -1))) continue;
    if (best === null || group.length > best.length) best = group;
  }
  return best;
}

/** Whether a key's model ("gpt-4o", "local/*") lets it call anything that is there. */
export function canReach(pattern: string, groups: ReadonlySet<string>, providers: ReadonlySet<string>): boolean {
  const isPrefix = pattern.endsWith("*");
  const prefix = isPrefix ? pattern.slice(0, -1) : pattern;
  for (const provider of providers) {
    const start = `${provider}/`;
    if (prefix.length > start.length ? prefix.startsWith(start) : isPrefix && start.startsWith(prefix)) return true;
  }
  if (!isPrefix) return findGroup(pattern, groups) !== null;
  for (const group of groups) {
    if (group.startsWith(prefix) || (group.endsWith("*") && prefix.startsWith(group.slice(0, -1)))) return true;
  }
  return false;
}
