import type { ConditionalRule } from "../../policy.ts";
import type { Candidate } from "../candidate.ts";
import { type Keep, keepFitting, type Rule } from "./keep.ts";

/**
 * Rules, in order: the first whose test holds decides, and leaves the deployments it leads to. Nobody where none of the candidates is
 * among them: later rules are not asked. No rule holds: all stay.
 */
export function keepByRules(rules: readonly ConditionalRule[]): Keep {
  const destinations = rules.map((rule) => new Destination(rule));
  return (candidates, facts, context) => {
    for (const destination of destinations) {
      if (destination.rule.test(facts)) return keepFitting(candidates, destination, facts, context);
    }
    return candidates;
  };
}

class Destination implements Rule {
  readonly name = "conditional";
  readonly rule: ConditionalRule;

  constructor(rule: ConditionalRule) {
    this.rule = rule;
  }

  fits({ deployment, upstreamModel }: Candidate): boolean {
    const { tags, providers, models } = this.rule.use;
    if (providers !== null && !providers.includes(deployment.provider.name)) return false;
    // The name as configured, "*" too, or as it goes out.
    if (models !== null && !models.includes(deployment.model) && !models.includes(upstreamModel)) return false;
    return tags === null || deployment.tags.some(isIn, tags);
  }

  explain(): string {
    return `not where the rule leads: ${this.rule.when}`;
  }
}

function isIn(this: readonly string[], tag: string): boolean {
  return this.includes(tag);
}
