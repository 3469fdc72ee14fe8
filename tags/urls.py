"""Addresses of the pages about labels."""

from django.urls import path

from tags.models import CategoryDeletion, TagDeletion
from tags.views import categories, category_changes, contact, deletions, merging, several, tags

app_name = "tags"
urlpatterns = [
    path("tags/", tags.tags, name="tags"),
    path("tags/becomes/", tags.becomes, name="becomes"),
    path("tags/suggestions/", contact.suggestions, name="suggestions"),
    path("tags/merge/", merging.merge, name="merge"),
    path("tags/delete/", several.delete, name="delete_tags"),
    path("tags/merges/", merging.merges, name="merges"),
    path("tags/merges/<int:pk>/", merging.progress, name="merge_progress"),
    path("tags/merges/<int:pk>/stop/", merging.stop, name="stop_merge"),
    path("tags/merges/<int:pk>/retry/", merging.retry, name="retry_merge"),
    path("tags/deletions/<int:pk>/", deletions.progress, {"of": TagDeletion}, name="tag_deletion"),
    path("tags/deletions/<int:pk>/stop/", deletions.stop, {"of": TagDeletion}, name="stop_tag_deletion"),
    path("tags/<int:pk>/star/", tags.star, name="star"),
    path("tags/<int:pk>/rename/", tags.rename, name="rename_tag"),
    path("tags/<int:pk>/delete/", tags.delete, name="delete_tag"),
    path("tags/<int:pk>/count/", tags.count, name="count_tag"),
    path("categories/", categories.categories, name="categories"),
    path("categories/<int:pk>/rename/", categories.rename, name="rename_category"),
    path("categories/<int:pk>/move/", category_changes.move, name="move_category"),
    path("categories/<int:pk>/delete/", category_changes.delete, name="delete_category"),
    path("categories/deletions/<int:pk>/", deletions.progress, {"of": CategoryDeletion}, name="category_deletion"),
    path(
        "categories/deletions/<int:pk>/stop/", deletions.stop, {"of": CategoryDeletion}, name="stop_category_deletion"
    ),
    path("categories/deletions/<int:pk>/retry/", deletions.retry_of_category, name="retry_category_deletion"),
    path("categories/<int:pk>/count/", categories.count, name="count_category"),
    path("contacts/<int:pk>/tags/", contact.add_tags, name="add_tags"),
    path("contacts/<int:pk>/tags/<int:tag_pk>/remove/", contact.remove_tag, name="remove_tag"),
    path("contacts/<int:pk>/categories/", contact.add_category, name="add_category"),
    path("contacts/<int:pk>/categories/<int:category_pk>/remove/", contact.remove_category, name="remove_category"),
]
