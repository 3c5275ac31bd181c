"""The visit policy of a tenant: types of visits with their checklists, limits of the advice."""
