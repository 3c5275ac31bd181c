"""Access rights: the scopes that routes ask for, and the roles that grant them.

A token names roles, a role grants scopes. A scope is `<service>:<resource>:<action>`. Beside that a
token may limit its holder to some rows: `row_scope`, with the `employee_id` whose rows they are.
"""

from enum import StrEnum
from typing import Final


class RowScope(StrEnum):
    """Which rows of the tenant a caller may see and change (C4): 本人, 本部门, 本部门及下级, 全部.

    A token without the claim `row_scope` has `all`: those of services, and of tenants that do not
    limit anybody. What belongs to nobody, like a customer in the public pool, is in every scope.
    """

    OWN = "own"
    DEPARTMENT = "department"
    SUBTREE = "subtree"
    """The employee's department and those below it."""
    ALL = "all"


SCOPES: Final[dict[str, str]] = {
    "customer:customers:read": "See customers.",
    "customer:customers:write": "Enter, change, promote, end and hand over customers.",
    "customer:hand-overs:read": "See what becomes of what a leaver looked after.",
    "customer:hand-overs:write": "Hand over everything that a leaver looks after.",
    "customer:pool:read": "See the rules of the public pool.",
    "customer:pool:write": "Decide on the rules of the public pool, and return customers to it.",
    "customer:contacts:read": "See contacts of customers.",
    "customer:contacts:write": "Enter and change contacts of customers.",
    "customer:contact-points:read": "See phone numbers, e-mail and postal addresses.",
    "customer:contact-points:write": "Enter, change and verify numbers and addresses.",
    "customer:households:read": "See households and their members.",
    "customer:households:write": "Set up households; let members join and leave.",
    "customer:acquaintances:read": "See who of us knows which contact, and how well.",
    "customer:acquaintances:write": "Enter and change who of us knows which contact.",
    "customer:timeline:read": "See what happened with customers, and what was invested in them.",
    "customer:preferences:read": "See what the tenant has decided for the customer service.",
    "customer:preferences:write": "Decide for the customer service, as on the phone region.",
    "customer:directory:read": "See departments, employees and territories.",
    "customer:directory:write": "Set up departments, employees and territories.",
    "customer:classifications:read": "See the classes of customers, now and before.",
    "customer:classifications:write": "Classify customers by hand.",
    "customer:schemes:read": "See classification schemes.",
    "customer:schemes:write": "Set up classification schemes, and let their rules run.",
    "customer:fields:read": "See the definitions of custom fields.",
    "customer:fields:write": "Define custom fields.",
    "customer:archives:read": "See what is known of customers, without sensitive facts.",
    "customer:archives:write": "Record, correct, confirm and withdraw facts about customers.",
    "customer:archives:sensitive": "See and record sensitive facts about customers, too.",
    "customer:profiles:read": "See what archives ask for, and the sources of facts.",
    "customer:profiles:write": "Set up profiles, facts and sources; run what follows from them.",
    "customer:credit:read": "See credit reports, statements, limits and exposure; check credit.",
    "customer:credit:write": "Enter credit reports and statements; reserve and release credit.",
    "customer:credit:approve": "Grant and adjust limits, block credit, decide the credit policy.",
    "customer:credit:override": "Put a credit limit below what is used already.",
    "customer:duplicates:read": "Check for duplicates; see possible ones and the rules.",
    "customer:duplicates:write": "Scan for duplicates, review them, decide the rules.",
    "customer:duplicates:allow": "Create a customer that seems to be on record already.",
    "customer:merges:read": "See which customers were merged.",
    "customer:merges:write": "Merge customers, and undo merges.",
    "customer:consents:read": "See what persons agreed to; check whether they may be contacted.",
    "customer:consents:write": "Record consents, and their withdrawal.",
    "customer:data-exports:read": "Fetch everything that is held about a person.",
    "customer:data-exports:write": "Have everything that is held about a person put together.",
    "customer:erasures:read": "See which persons were erased, and how far services are.",
    "customer:erasures:write": "Erase persons from all services.",
    "customer:imports:read": "See imports, and what became of the rows of their files.",
    "customer:imports:write": "Import customers from files, and undo that.",
    "customer:customers:export": "Take customers out as a file.",
    "customer:audit:read": "See who changed what in the customer service.",
    "sales:products:read": "See products.",
    "sales:products:write": "Enter and change products.",
    "sales:methods:read": "See sales methods and their stages.",
    "sales:methods:write": "Set up sales methods and their stages.",
    "sales:opportunities:read": "See opportunities.",
    "sales:opportunities:write": "Open, change, submit, promote, win and lose opportunities.",
    "sales:opportunities:evaluate": "Decide on opportunities in evaluation.",
    "sales:activities:read": "See activities.",
    "sales:activities:write": "Record activities.",
    "sales:tasks:read": "See tasks.",
    "sales:tasks:write": "Give out, change and complete tasks.",
    "sales:quotes:read": "See quotes.",
    "sales:quotes:write": "Make quotes.",
    "sales:audit:read": "See who changed what in the sales service.",
    "service-desk:product-files:read": "See product files.",
    "service-desk:product-files:write": "Register and update product files.",
    "service-desk:requests:read": "See service requests.",
    "service-desk:requests:write": "Create, assign, dispatch, handle and close service requests.",
    "service-desk:audit:read": "See who changed what in the service desk.",
    "marketing:leads:read": "See leads.",
    "marketing:leads:write": "Enter, change and disqualify leads.",
    "marketing:leads:convert": "Convert leads to opportunities with customers and contacts.",
    "marketing:audit:read": "See who changed what in the marketing service.",
    "analytics:values:read": "See customer values, grades and the pyramid.",
    "analytics:values:recompute": "Calculate all customer values again.",
    "analytics:models:read": "See scoring options, value models and grades.",
    "analytics:models:write": "Set up and activate scoring options, value models and grades.",
    "analytics:funnel:read": "See the sales funnel and win rates.",
    "analytics:audit:read": "See who changed what in analytics.",
}
"""Every scope with a short description."""

_SALES_REPRESENTATIVE = frozenset(
    {
        "customer:customers:read",
        "customer:customers:write",
        "customer:contacts:read",
        "customer:contacts:write",
        "customer:contact-points:read",
        "customer:contact-points:write",
        "customer:households:read",
        "customer:households:write",
        "customer:acquaintances:read",
        "customer:timeline:read",
        "customer:acquaintances:write",
        "customer:pool:read",
        "customer:preferences:read",
        "customer:directory:read",
        "customer:classifications:read",
        "customer:classifications:write",
        "customer:schemes:read",
        "customer:fields:read",
        "customer:archives:read",
        "customer:archives:write",
        "customer:profiles:read",
        "customer:duplicates:read",
        "customer:merges:read",
        "customer:consents:read",
        "customer:consents:write",
        "sales:products:read",
        "sales:methods:read",
        "sales:opportunities:read",
        "sales:opportunities:write",
        "sales:activities:read",
        "sales:activities:write",
        "sales:tasks:read",
        "sales:tasks:write",
        "sales:quotes:read",
        "sales:quotes:write",
        "service-desk:requests:read",
        "marketing:leads:read",
        "analytics:values:read",
        "analytics:funnel:read",
    }
)
_SERVICE_AGENT = frozenset(
    {
        "customer:customers:read",
        "customer:contacts:read",
        "customer:contact-points:read",
        "customer:directory:read",
        "customer:classifications:read",
        "customer:schemes:read",
        "customer:fields:read",
        "customer:archives:read",
        "customer:profiles:read",
        "sales:products:read",
        "service-desk:product-files:read",
        "service-desk:product-files:write",
        "service-desk:requests:read",
        "service-desk:requests:write",
        "analytics:values:read",
    }
)

ROLES: Final[dict[str, frozenset[str]]] = {
    "administrator": frozenset(SCOPES),
    "sales_representative": _SALES_REPRESENTATIVE,
    "sales_manager": _SALES_REPRESENTATIVE
    | {
        "customer:hand-overs:read",
        "customer:hand-overs:write",
        "customer:pool:write",
        "customer:schemes:write",
        "customer:fields:write",
        "customer:archives:sensitive",
        "customer:profiles:write",
        "customer:preferences:write",
        "customer:credit:read",
        "customer:duplicates:write",
        "customer:duplicates:allow",
        "customer:merges:write",
        "customer:imports:read",
        "customer:imports:write",
        "customer:customers:export",
        "customer:audit:read",
        "sales:products:write",
        "sales:methods:write",
        "sales:opportunities:evaluate",
        "sales:audit:read",
        "marketing:leads:write",
        "marketing:leads:convert",
        "analytics:models:read",
    },
    # The credit management department (3 L2169, L2173): nobody else sees customers' figures.
    "credit_manager": frozenset(
        {
            "customer:customers:read",
            "customer:contacts:read",
            "customer:directory:read",
            "customer:classifications:read",
            "customer:schemes:read",
            "customer:fields:read",
            "customer:credit:read",
            "customer:credit:write",
            "customer:credit:approve",
            "customer:credit:override",
            "customer:audit:read",
            "sales:opportunities:read",
            "sales:quotes:read",
            "analytics:values:read",
        }
    ),
    # Who answers to persons, and to the law, for what is held about them (PIPL art. 52).
    "privacy_officer": frozenset(
        {
            "customer:customers:read",
            "customer:contacts:read",
            "customer:contact-points:read",
            "customer:timeline:read",
            "customer:consents:read",
            "customer:consents:write",
            "customer:data-exports:read",
            "customer:data-exports:write",
            "customer:erasures:read",
            "customer:erasures:write",
            "customer:audit:read",
            "sales:audit:read",
            "service-desk:audit:read",
            "marketing:audit:read",
            "analytics:audit:read",
        }
    ),
    "service_agent": _SERVICE_AGENT,
    "service_manager": _SERVICE_AGENT
    | {
        "customer:contacts:write",
        "customer:contact-points:write",
        "customer:audit:read",
        "service-desk:audit:read",
    },
    "marketer": frozenset(
        {
            "customer:customers:read",
            "customer:contacts:read",
            "customer:directory:read",
            "customer:classifications:read",
            "customer:classifications:write",
            "customer:schemes:read",
            "customer:fields:read",
            "customer:archives:read",
            "customer:profiles:read",
            "customer:schemes:write",
            "customer:consents:read",
            "customer:consents:write",
            "sales:products:read",
            "sales:opportunities:read",
            "marketing:leads:read",
            "marketing:leads:write",
            "marketing:leads:convert",
            "marketing:audit:read",
            "analytics:values:read",
            "analytics:funnel:read",
        }
    ),
    "analyst": frozenset(
        {
            "customer:customers:read",
            "customer:directory:read",
            "customer:classifications:read",
            "customer:schemes:read",
            "customer:fields:read",
            "customer:archives:read",
            "customer:profiles:read",
            "sales:products:read",
            "sales:methods:read",
            "sales:opportunities:read",
            "service-desk:requests:read",
            "marketing:leads:read",
            "analytics:values:read",
            "analytics:values:recompute",
            "analytics:models:read",
            "analytics:models:write",
            "analytics:funnel:read",
            "analytics:audit:read",
        }
    ),
    # A service acting for a user it has already checked: the steps of lead conversion.
    "service_account": frozenset(
        {
            "customer:customers:read",
            "customer:customers:write",
            "customer:contacts:read",
            "customer:contacts:write",
            "sales:methods:read",
            "sales:products:read",
            "sales:opportunities:read",
            "sales:opportunities:write",
        }
    ),
}
"""Every role with the scopes it grants."""
