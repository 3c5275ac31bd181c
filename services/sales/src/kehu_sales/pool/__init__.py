"""The reserve pool (商机资源储备): what failed or was lost, kept to be taken up again."""
