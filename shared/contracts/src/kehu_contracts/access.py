"""Access rights: the scopes that routes ask for, and the roles that grant them.

A token names roles, a role grants scopes. A scope is `<service>:<resource>:<action>`.
"""

from typing import Final

SCOPES: Final[dict[str, str]] = {
    "customer:customers:read": "See customers.",
    "customer:customers:write": "Enter, change, promote, end and hand over customers.",
    "customer:contacts:read": "See contacts of customers.",
    "customer:contacts:write": "Enter and change contacts of customers.",
    "customer:directory:read": "See departments, employees and territories.",
    "customer:directory:write": "Set up departments, employees and territories.",
    "customer:classifications:read": "See the classes of customers, now and before.",
    "customer:classifications:write": "Classify customers by hand.",
    "customer:schemes:read": "See classification schemes.",
    "customer:schemes:write": "Set up classification schemes, and let their rules run.",
    "customer:fields:read": "See the definitions of custom fields.",
    "customer:fields:write": "Define custom fields.",
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
        "customer:directory:read",
        "customer:classifications:read",
        "customer:classifications:write",
        "customer:schemes:read",
        "customer:fields:read",
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
        "customer:directory:read",
        "customer:classifications:read",
        "customer:schemes:read",
        "customer:fields:read",
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
        "customer:schemes:write",
        "customer:fields:write",
        "customer:audit:read",
        "sales:products:write",
        "sales:methods:write",
        "sales:opportunities:evaluate",
        "sales:audit:read",
        "marketing:leads:write",
        "marketing:leads:convert",
        "analytics:models:read",
    },
    "service_agent": _SERVICE_AGENT,
    "service_manager": _SERVICE_AGENT
    | {"customer:contacts:write", "customer:audit:read", "service-desk:audit:read"},
    "marketer": frozenset(
        {
            "customer:customers:read",
            "customer:contacts:read",
            "customer:directory:read",
            "customer:classifications:read",
            "customer:classifications:write",
            "customer:schemes:read",
            "customer:fields:read",
            "customer:schemes:write",
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
